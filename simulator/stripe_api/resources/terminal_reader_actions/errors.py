"""Refusals of a command to a reader.

InvalidRequest
├── ReaderBusy          it asks the issuer, updates, or still holds a card
├── ReaderOffline       it has been silent for two minutes
├── ReaderTimeout       it does not answer, and is not offline yet
├── ReaderNotSmart      it takes no commands from the API
├── IntentInvalidState  the intent cannot be paid at a reader now
└── NothingPending      the reader waits for nothing of that kind
"""

from __future__ import annotations

from simulator.stripe_api.engine.errors import InvalidRequest

_GUIDE = (
    "https://docs.stripe.com/terminal/payments/collect-card-payment"
    "?terminal-sdk-platform=server-driven"
)


class ReaderBusy(InvalidRequest):
    """The reader can be neither ordered nor stopped now."""

    code = "terminal_reader_busy"

    def __init__(self) -> None:
        """In Stripe's words."""
        super().__init__(
            "Reader is currently busy processing another request. Please reference the "
            f"integration guide at {_GUIDE}#handle-errors for details on how to handle "
            "this error."
        )


class ReaderOffline(InvalidRequest):
    """Nothing has been heard of the reader for two minutes."""

    code = "terminal_reader_offline"

    def __init__(self) -> None:
        """In Stripe's words."""
        super().__init__(
            "Reader is currently offline, please ensure the reader is powered on and "
            "connected to the internet before retrying your request. Reference the "
            f"integration guide at {_GUIDE}#reader-offline for details on how to "
            "handle this error."
        )


class ReaderTimeout(InvalidRequest):
    """The reader does not answer; it may have heard all the same."""

    code = "terminal_reader_timeout"

    def __init__(self) -> None:
        """In Stripe's words."""
        super().__init__(
            "There was a timeout when sending this command to the reader. Please "
            f"reference the integration guide at {_GUIDE}#handle-errors for details on "
            "how to handle this error."
        )


class ReaderNotSmart(InvalidRequest):
    """A mobile reader: it takes commands from a Terminal SDK only."""

    def __init__(self, device_type: str) -> None:
        """`device_type` is the reader's."""
        super().__init__(f"Readers of type {device_type} do not support this action.")


class IntentInvalidState(InvalidRequest):
    """The intent's status is not the one the reader's action begins with."""

    code = "intent_invalid_state"


class NothingPending(InvalidRequest):
    """A test helper has nothing to complete."""
