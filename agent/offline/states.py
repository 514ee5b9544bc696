"""Every legal step of a stored payment on its way to Stripe. Pure.

`TRANSITIONS` is the whole state machine; a missing key is the error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import assert_never

from agent.ids import PaymentIntentId
from agent.journal.offline_entries import (
    ForwardDeclined,
    Forwarded,
    ForwardFailed,
    ForwardStarted,
    OfflineEntry,
    OfflinePaymentStored,
    OfflinePaymentVoided,
)


class OfflineState(StrEnum):
    """Where a stored payment stands; API."""

    QUEUED = "queued"
    FORWARDING = "forwarding"
    """Stripe may have been asked: charged, declined or nothing."""
    FORWARDED = "forwarded"
    DECLINED = "declined"
    FAILED = "failed"
    """It cannot be forwarded as it is; it is kept, and may be tried again."""
    VOIDED = "voided"
    """The card refused after it was stored: never charged."""


TRANSITIONS: dict[tuple[OfflineState, type[OfflineEntry]], OfflineState] = {
    (OfflineState.QUEUED, OfflinePaymentVoided): OfflineState.VOIDED,
    (OfflineState.QUEUED, ForwardStarted): OfflineState.FORWARDING,
    (OfflineState.QUEUED, ForwardFailed): OfflineState.FAILED,
    (OfflineState.QUEUED, Forwarded): OfflineState.FORWARDED,
    (OfflineState.FORWARDING, Forwarded): OfflineState.FORWARDED,
    (OfflineState.FORWARDING, ForwardDeclined): OfflineState.DECLINED,
    (OfflineState.FORWARDING, ForwardFailed): OfflineState.FAILED,
    (OfflineState.FAILED, ForwardStarted): OfflineState.FORWARDING,
    (OfflineState.FAILED, ForwardFailed): OfflineState.FAILED,
    (OfflineState.FAILED, Forwarded): OfflineState.FORWARDED,
}

ENDED = frozenset({OfflineState.FORWARDED, OfflineState.DECLINED, OfflineState.VOIDED})


class IllegalStep(Exception):
    """An entry that the state does not allow: a defect, or a journal not ours."""


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """What is known of one stored payment."""

    stored: OfflinePaymentStored
    state: OfflineState = OfflineState.QUEUED
    idempotency_key: str | None = None
    """Of the latest attempt to forward it."""
    attempts: int = 0
    """How many keys were used: a new one only after Stripe refused the last."""
    payment_intent: PaymentIntentId | None = None
    """Stripe's own, once it is known."""
    intent_status: str | None = None
    charge: str | None = None
    failure_code: str | None = None
    decline_code: str | None = None
    failure_message: str | None = None


def apply(payment: OfflinePayment, entry: OfflineEntry) -> OfflinePayment:
    """The payment after `entry`; raises IllegalStep where it may not follow."""
    try:
        state = TRANSITIONS[payment.state, type(entry)]
    except KeyError:
        raise IllegalStep(
            f"{type(entry).__name__} is not possible in {payment.state}"
        ) from None
    moved = partial(replace, payment, state=state)
    match entry:
        case ForwardStarted(idempotency_key=key):
            return moved(idempotency_key=key, attempts=payment.attempts + 1)
        case Forwarded():
            return moved(
                payment_intent=entry.payment_intent,
                intent_status=entry.status,
                charge=entry.charge,
                failure_code=None,
                failure_message=None,
            )
        case ForwardDeclined():
            return moved(
                payment_intent=entry.payment_intent,
                charge=entry.charge,
                failure_code=entry.code,
                decline_code=entry.decline_code,
                failure_message=entry.message,
            )
        case ForwardFailed(code=code, message=message):
            return moved(failure_code=code, failure_message=message)
        case OfflinePaymentVoided() | OfflinePaymentStored():
            return moved()
        case _:
            assert_never(entry)


def fold(entries: Iterable[OfflineEntry]) -> OfflinePayment:
    """The payment that its entries tell, in their order.

    Raises IllegalStep where they are no path of the state machine.
    """
    iterator = iter(entries)
    first = next(iterator, None)
    if not isinstance(first, OfflinePaymentStored):
        raise IllegalStep("a stored payment's entries start with its storing")
    payment = OfflinePayment(first)
    for entry in iterator:
        payment = apply(payment, entry)
    return payment
