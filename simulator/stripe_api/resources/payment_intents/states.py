"""Every status of a PaymentIntent and every legal step between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """Stripe's words, in the order in which Stripe's messages list them."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CAPTURE = "requires_capture"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Step(StrEnum):
    """What can happen to a PaymentIntent."""

    AUTHORIZE = "authorize"
    """The issuer approved, and capture is manual."""
    PAY = "pay"
    """The issuer approved, and capture is automatic."""
    DECLINE = "decline"
    CAPTURE = "capture"
    CANCEL = "cancel"
    COLLECT = "collect"
    """A reader read a card, and waits for the order to confirm."""
    LOSE_CARD = "lose_card"
    """The order to confirm did not come in time, or is not wanted any more."""
    CHOOSE = "choose"
    """A payment method is chosen, to be confirmed later."""
    CHANGE = "change"
    """Amount, currency or way of payment are changed."""


_UNPAID = (
    Status.REQUIRES_PAYMENT_METHOD,
    Status.REQUIRES_CONFIRMATION,
    Status.REQUIRES_ACTION,
)

TRANSITIONS: Mapping[tuple[Status, Step], Status] = {
    **{(status, Step.AUTHORIZE): Status.REQUIRES_CAPTURE for status in _UNPAID},
    **{(status, Step.PAY): Status.SUCCEEDED for status in _UNPAID},
    **{(status, Step.DECLINE): Status.REQUIRES_PAYMENT_METHOD for status in _UNPAID},
    **{(status, Step.CHOOSE): Status.REQUIRES_CONFIRMATION for status in _UNPAID},
    **{(status, Step.CHANGE): status for status in _UNPAID},
    **{
        (status, Step.CANCEL): Status.CANCELED
        for status in (*_UNPAID, Status.REQUIRES_CAPTURE, Status.PROCESSING)
    },
    (Status.REQUIRES_PAYMENT_METHOD, Step.COLLECT): Status.REQUIRES_CONFIRMATION,
    (Status.REQUIRES_CONFIRMATION, Step.LOSE_CARD): Status.REQUIRES_PAYMENT_METHOD,
    (Status.REQUIRES_CAPTURE, Step.CAPTURE): Status.SUCCEEDED,
}
"""A missing key is the error: the step is not legal in that status."""


def allows(status: Status, step: Step) -> bool:
    """Whether the step is legal."""
    return (status, step) in TRANSITIONS


def statuses_allowing(step: Step) -> str:
    """The statuses in which a step is legal, as Stripe's messages list them."""
    return ", ".join(status for status in Status if allows(status, step))
