"""Readers that cannot, or not now."""

from __future__ import annotations

from agent.errors.base import AgentError


class ReaderError(AgentError):
    """The reader cannot do it now."""

    code = "terminal_reader_hardware_fault"
    status = 400
    type = "invalid_request_error"
    retryable = True
    remedy = "Check the reader and its cable, then try again."


class ReaderBusy(ReaderError):
    """Another action is being authorised on this reader."""

    code = "terminal_reader_busy"
    remedy = "Wait for the action under way to end, then try again."


class ReaderOffline(ReaderError):
    """The reader is not connected to this machine."""

    code = "terminal_reader_offline"
    remedy = "Check that the reader is powered on and plugged in."


class ReaderTimedOut(ReaderError):
    """The reader did not answer in time; it may have carried out the command."""

    code = "terminal_reader_timeout"
    remedy = "Retrieve the reader to see its action before you try again."


class ReaderFault(ReaderError):
    """The reader reports a fault, or its bytes make no sense."""

    code = "terminal_reader_hardware_fault"


class ReaderFeatureUnsupported(ReaderError):
    """The reader lacks what was asked of it."""

    code = "reader_feature_unsupported"
    retryable = False
    remedy = "Choose a model that has it."


class CollectInputsUnsupported(ReaderError):
    """The reader cannot show one of the forms; nothing was asked of the customer."""

    code = "collect_inputs_unsupported"
    retryable = False
    remedy = "Leave out the form, or choose a model that can show it."

    def __init__(self, form: str, *, model: str, problem: str, param: str) -> None:
        """`form` is Stripe's type of input; `problem` completes "because"."""
        super().__init__(
            f"The {model} cannot show an input of type {form}: {problem}.",
            param=param,
            remedy=f"Leave out the {form} input at the {model}, or collect it at "
            "another model: docs/readers.md says which can show what.",
        )


class ReaderLeased(ReaderError):
    """Another register has this reader for a while."""

    code = "reader_leased"
    status = 409
    remedy = "Wait until the lease ends, ask its owner, or override it."


class LeaseStale(ReaderError):
    """The lease under which this was asked is over; another register may have acted."""

    code = "lease_stale"
    status = 409
    retryable = False
    remedy = "Look at the reader's action, take a new lease, then decide anew."
