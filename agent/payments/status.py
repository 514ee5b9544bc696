"""What a register is told of a payment: what is certain, and what to do next. Pure.

An outcome that is not known is told as such, never as a decline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.payments.payment import Payment
from agent.payments.states import Phase


class Charged(StrEnum):
    """Whether the cardholder pays, as far as the journal proves it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    LATER = "later"
    """Stored here, and charged once Stripe can be reached, unless it declines."""
    BEING_RETURNED = "being_returned"
    """Charged, and being given back; it was charged for nothing until then."""


class NextStep(StrEnum):
    """What the register does now; API."""

    WAIT = "wait"
    """Ask again; take the money in no other way meanwhile."""
    DONE = "done"
    """The money is taken, or held: take it no second time."""
    CAPTURE = "capture"
    """The money is held; capture or cancel the PaymentIntent."""
    MAY_TRY_AGAIN = "may_try_again"
    """Nobody pays; the payment may be begun anew, with any card."""


@dataclass(frozen=True, slots=True)
class Status:
    """One payment as a register needs to know it."""

    charged: Charged
    next_step: NextStep
    known: str
    """One sentence for people."""


_RETURNING = "Approved, but refused by the card: the money is being given back."

STATUSES: dict[Phase, Status] = {
    Phase.REQUESTED: Status(
        Charged.NO, NextStep.WAIT, "The reader waits for a card; nothing was charged."
    ),
    Phase.CARD_COLLECTED: Status(
        Charged.NO, NextStep.WAIT, "The card was read; nothing was charged yet."
    ),
    Phase.CONFIRMING: Status(
        Charged.UNKNOWN, NextStep.WAIT, "Stripe is being asked; it may have charged."
    ),
    Phase.UNKNOWN: Status(
        Charged.UNKNOWN,
        NextStep.WAIT,
        "Stripe's answer was lost: charged or not, the agent is finding out.",
    ),
    Phase.CONFIRMED: Status(
        Charged.YES, NextStep.WAIT, "Stripe has approved; the card is still at work."
    ),
    Phase.STORED_OFFLINE: Status(
        Charged.LATER, NextStep.WAIT, "Stored offline; the card is still at work."
    ),
    Phase.OFFLINE_REFUSED: Status(
        Charged.NO, NextStep.WAIT, "Refused by the card; the stored payment is voided."
    ),
    Phase.REFUSED: Status(
        Charged.NO, NextStep.WAIT, "Declined; the reader is still at work."
    ),
    Phase.NOT_CHARGED: Status(
        Charged.NO, NextStep.WAIT, "Not charged; the reader is still at work."
    ),
    Phase.CARD_REFUSED: Status(Charged.BEING_RETURNED, NextStep.WAIT, _RETURNING),
    Phase.REVERSING: Status(Charged.BEING_RETURNED, NextStep.WAIT, _RETURNING),
    Phase.REVERSED: Status(
        Charged.NO, NextStep.WAIT, "The money was given back; the payment is ending."
    ),
    Phase.SUCCEEDED: Status(Charged.YES, NextStep.DONE, "The money is taken."),
    Phase.DECLINED: Status(
        Charged.NO, NextStep.MAY_TRY_AGAIN, "Declined; nothing was charged."
    ),
    Phase.CANCELED: Status(
        Charged.NO, NextStep.MAY_TRY_AGAIN, "Canceled; nothing was charged."
    ),
    Phase.FAILED: Status(
        Charged.NO, NextStep.MAY_TRY_AGAIN, "Failed; the customer pays nothing."
    ),
}

_HELD = Status(
    Charged.YES, NextStep.CAPTURE, "The money is held, and awaits its capture."
)
_PRECEDENCE = (NextStep.WAIT, NextStep.CAPTURE, NextStep.DONE)


def status_of(payment: Payment) -> Status:
    """The status at the payment's present phase; what follows its end is Stripe's."""
    is_held = payment.intent_status == "requires_capture"
    if payment.phase is Phase.SUCCEEDED and is_held:
        return _HELD
    return STATUSES[payment.phase]


def next_step_of(payments: Sequence[Payment]) -> NextStep:
    """What to do where all of these were to take the same money.

    One that is under way is waited for; one that took the money is enough.
    """
    steps = {status_of(payment).next_step for payment in payments}
    for step in _PRECEDENCE:
        if step in steps:
            return step
    return NextStep.MAY_TRY_AGAIN
