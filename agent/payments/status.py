"""What a register is told of a payment: what is certain, and what to do next. Pure.

An outcome that is not known is told as such, never as a decline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.offline.states import OfflinePayment, OfflineState
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.stripe_api.payment_intents import PaymentIntent


class Charged(StrEnum):
    """Whether the cardholder pays, as far as the journal proves it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    LATER = "later"
    """Stored here, and charged once Stripe can be reached, unless it declines."""
    BEING_RETURNED = "being_returned"
    """Charged, and being given back; it was charged for nothing until then."""
    RETURNED = "returned"
    """Charged, and given back in full since."""


class Refunded(StrEnum):
    """Whether the money goes back, as far as the journal proves it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


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
    refunded: Refunded | None = None
    """None for an action that gives nothing back."""
    is_of_a_sale: bool = True
    """Whether the action was to take money."""


_RETURNING = "Approved, but refused by the card: the money is being given back."

STATUSES: dict[Phase, Status] = {
    Phase.REQUESTED: Status(
        Charged.NO, NextStep.WAIT, "The reader waits for a card; nothing was charged."
    ),
    Phase.SENT: Status(
        Charged.UNKNOWN,
        NextStep.WAIT,
        "Stripe's reader waits for a card, or has charged one.",
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
    Phase.PERFORMED: Status(Charged.NO, NextStep.WAIT, "Done; no money was taken."),
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


def _saving(known: str, step: NextStep = NextStep.WAIT) -> Status:
    return Status(Charged.NO, step, known, is_of_a_sale=False)


def _refunding(
    refunded: Refunded, known: str, step: NextStep = NextStep.WAIT
) -> Status:
    return Status(Charged.NO, step, known, refunded=refunded, is_of_a_sale=False)


_ASKED_TO_SAVE = _saving("Stripe is being asked; it may have kept the card.")
_LETTING_GO = _saving("Kept, but refused by the card: Stripe is letting go of it.")
_NOT_SAVED = _saving("No card was kept.", NextStep.MAY_TRY_AGAIN)
_SETUP_STATUSES: dict[Phase, Status] = {
    **dict.fromkeys(Phase, _ASKED_TO_SAVE),
    Phase.REQUESTED: _saving("The reader waits for a card; none was kept."),
    Phase.SENT: _saving("Stripe's reader waits for a card, or has kept one."),
    Phase.CARD_COLLECTED: _saving("The card was read; it was not kept yet."),
    Phase.UNKNOWN: _saving(
        "Stripe's answer was lost: kept or not, the agent is finding out."
    ),
    Phase.PERFORMED: _saving("The card is kept; the reader is still at work."),
    Phase.REFUSED: _saving("Declined; the reader is still at work."),
    Phase.NOT_CHARGED: _saving("Not kept; the reader is still at work."),
    Phase.CARD_REFUSED: _LETTING_GO,
    Phase.REVERSING: _LETTING_GO,
    Phase.REVERSED: _saving("The card is not kept; the action is ending."),
    Phase.SUCCEEDED: _saving("The card is kept.", NextStep.DONE),
    Phase.DECLINED: _NOT_SAVED,
    Phase.CANCELED: _NOT_SAVED,
    Phase.FAILED: _NOT_SAVED,
}

_ASKED_TO_REFUND = _refunding(
    Refunded.UNKNOWN, "Stripe is being asked; it may have given the money back."
)
_NOT_REFUNDED = _refunding(
    Refunded.NO, "Nothing was given back.", NextStep.MAY_TRY_AGAIN
)
_REFUND_STATUSES: dict[Phase, Status] = {
    **dict.fromkeys(Phase, _ASKED_TO_REFUND),
    Phase.REQUESTED: _refunding(
        Refunded.NO, "The reader waits for the card; nothing was given back."
    ),
    Phase.SENT: _refunding(
        Refunded.UNKNOWN,
        "Stripe's reader waits for the card, or has given the money back.",
    ),
    Phase.CARD_COLLECTED: _refunding(
        Refunded.NO, "The card was read; nothing was given back yet."
    ),
    Phase.UNKNOWN: _refunding(
        Refunded.UNKNOWN,
        "Stripe's answer was lost: given back or not, the agent is finding out.",
    ),
    Phase.PERFORMED: _refunding(
        Refunded.YES, "The money goes back; the reader is still at work."
    ),
    Phase.REFUSED: _refunding(Refunded.NO, "Declined; the reader is still at work."),
    Phase.NOT_CHARGED: _refunding(
        Refunded.NO, "Not given back; the reader is still at work."
    ),
    Phase.SUCCEEDED: _refunding(
        Refunded.YES, "The money goes back to the card.", NextStep.DONE
    ),
    Phase.DECLINED: _NOT_REFUNDED,
    Phase.CANCELED: _NOT_REFUNDED,
    Phase.FAILED: _NOT_REFUNDED,
}

OTHER_STATUSES: dict[str, dict[Phase, Status]] = {
    "process_setup_intent": _SETUP_STATUSES,
    "refund_payment": _REFUND_STATUSES,
}
"""Of actions that charge nobody."""

_HELD = Status(
    Charged.YES, NextStep.CAPTURE, "The money is held, and awaits its capture."
)
_RELEASED = Status(
    Charged.NO, NextStep.MAY_TRY_AGAIN, "The money was held, and is released again."
)
_RETURNED = Status(
    Charged.RETURNED, NextStep.MAY_TRY_AGAIN, "The money was taken, and given back."
)
_PARTLY_RETURNED = Status(
    Charged.YES, NextStep.DONE, "The money is taken; part of it was given back."
)
_DISPUTED = Status(
    Charged.YES, NextStep.DONE, "The money is taken; the cardholder disputes that."
)
_PERFORMED = Status(
    Charged.NO, NextStep.MAY_TRY_AGAIN, "Done; this has taken no money."
)
_TAKES_MONEY = frozenset({"process_payment_intent", "confirm_payment_intent"})
_PRECEDENCE = (NextStep.WAIT, NextStep.CAPTURE, NextStep.DONE)


_STORED = "Stored on this machine; charged once Stripe can be reached."
_OFFLINE: dict[OfflineState, Status] = {
    OfflineState.QUEUED: Status(Charged.LATER, NextStep.DONE, _STORED),
    OfflineState.FORWARDING: Status(Charged.LATER, NextStep.DONE, _STORED),
    OfflineState.FORWARDED: Status(
        Charged.YES, NextStep.DONE, "Stored offline, and charged since."
    ),
    OfflineState.DECLINED: Status(
        Charged.NO,
        NextStep.MAY_TRY_AGAIN,
        "Stored offline, and declined when it was forwarded: nobody has paid.",
    ),
    OfflineState.FAILED: Status(
        Charged.LATER,
        NextStep.DONE,
        "Stored offline, and cannot be forwarded as it is: somebody has to look.",
    ),
    OfflineState.VOIDED: Status(
        Charged.NO, NextStep.MAY_TRY_AGAIN, "Refused by the card; nobody pays."
    ),
}


def offline_status_of(stored: OfflinePayment) -> Status:
    """The status of a payment that was accepted offline."""
    is_held = stored.intent_status == "requires_capture"
    if stored.state is OfflineState.FORWARDED and is_held:
        return _HELD
    return _OFFLINE[stored.state]


def status_of(payment: Payment, intent: PaymentIntent | None = None) -> Status:
    """The status at the payment's present phase.

    What follows its end is Stripe's: `intent` is what Stripe says now, where it was
    asked; without it the journal's last word counts.
    """
    if payment.action in OTHER_STATUSES:
        return OTHER_STATUSES[payment.action][payment.phase]
    if payment.phase is not Phase.SUCCEEDED:
        return STATUSES[payment.phase]
    if payment.action not in _TAKES_MONEY:
        return _PERFORMED
    match intent.status if intent is not None else payment.intent_status:
        case "requires_capture":
            return _HELD
        case "canceled":
            return _RELEASED
        case "succeeded" if intent is not None:
            return _taken(intent)
        case _:
            return STATUSES[payment.phase]


def next_step_of(statuses: Iterable[Status]) -> NextStep:
    """What to do where all of these payments were to take the same money.

    One that is under way is waited for; one that took the money is enough. What became
    of refunds matters only where there is nothing else.
    """
    known = list(statuses)
    of_sales = [status for status in known if status.is_of_a_sale]
    steps = {status.next_step for status in of_sales or known}
    for step in _PRECEDENCE:
        if step in steps:
            return step
    return NextStep.MAY_TRY_AGAIN


def _taken(intent: PaymentIntent) -> Status:
    if intent.is_refunded:
        return _RETURNED
    if intent.is_disputed:
        return _DISPUTED
    return _PARTLY_RETURNED if intent.amount_returned else STATUSES[Phase.SUCCEEDED]
