"""Every status of a SetupIntent and every legal step between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """Stripe's words, in the order in which Stripe's messages list them."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Step(StrEnum):
    """What can happen to a SetupIntent."""

    SET_UP = "set_up"
    DECLINE = "decline"
    CHOOSE = "choose"
    """A payment method is chosen, to be confirmed later."""
    CANCEL = "cancel"


_OPEN = (
    Status.REQUIRES_PAYMENT_METHOD,
    Status.REQUIRES_CONFIRMATION,
    Status.REQUIRES_ACTION,
)

TRANSITIONS: Mapping[tuple[Status, Step], Status] = {
    **{(status, Step.SET_UP): Status.SUCCEEDED for status in _OPEN},
    **{(status, Step.DECLINE): Status.REQUIRES_PAYMENT_METHOD for status in _OPEN},
    **{(status, Step.CHOOSE): Status.REQUIRES_CONFIRMATION for status in _OPEN},
    **{(status, Step.CANCEL): Status.CANCELED for status in _OPEN},
}
"""A missing key is the error: the step is not legal in that status."""


def allows(status: Status, step: Step) -> bool:
    """Whether the step is legal."""
    return (status, step) in TRANSITIONS


def statuses_allowing(step: Step) -> str:
    """The statuses in which a step is legal, as Stripe's messages list them."""
    return ", ".join(status for status in Status if allows(status, step))
