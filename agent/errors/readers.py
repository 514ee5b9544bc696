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
