"""One payment as the journal tells it: a fold over its entries. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from agent.ids import PaymentId, PaymentIntentId, ReaderId, SetupIntentId
from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    ActionSent,
    AuthorizationWarned,
    CardCollected,
    CardEndedEarly,
    Confirmed,
    ConfirmOrdered,
    ConfirmStarted,
    Declined,
    Entry,
    HoldBegan,
    HoldEnded,
    NotCharged,
    Outcome,
    Performed,
    ReversalStarted,
    StoredOffline,
)
from agent.payments.shown_card import ShownCard
from agent.payments.states import FINAL, Phase, advance, step_of

CONFIRM = "confirm_payment_intent"
"""What a collection becomes once its card is to be charged."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What is known of one action on one reader."""

    payment_id: PaymentId
    reader_id: ReaderId
    action: str
    """Stripe's action type, such as `process_payment_intent`."""
    payment_intent: PaymentIntentId | None
    amount: int
    """Minor units of `currency`; 0 where the action moves no money."""
    currency: str
    """Empty where the action moves no money."""
    parameters: dict[str, str | int | bool]
    phase: Phase = Phase.REQUESTED
    read_method: str | None = None
    tip: int | None = None
    """Chosen at the reader, on top of `amount`; None where nobody was asked."""
    card: ShownCard | None = None
    """The card, where a register wants to look at it before it pays."""
    confirm_key: str | None = None
    """The idempotency key of the confirm, once it may have been sent."""
    sent: ActionSent | None = None
    """How it was given to a reader of Stripe's; None at a reader of this machine."""
    result: str | None = None
    """What came of an action that took no money: `pm_…` or `re_…`."""
    card_end: CardEndedEarly | None = None
    """How the card's part ended, where that was before Stripe's answer."""
    reversal_key: str | None = None
    intent_status: str | None = None
    """The PaymentIntent's status when Stripe approved, or since, where it is known."""
    capture_before: int | None = None
    """When money that is held is released again, Unix time, as Stripe last said."""
    warned_leads_s: frozenset[int] = frozenset()
    """The leads of the warnings given before that."""
    emv_auth_data: str | None = None
    """The issuer's answer for the card, hex."""
    charge: str | None = None
    """What was charged, or what a refund gives back."""
    setup_intent: SetupIntentId | None = None
    outcome: Outcome | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    decline_code: str | None = None
    """Why the issuer declined, beside `failure_code`, as far as Stripe has said."""
    card_verdict_missing: bool = False
    is_stored_offline: bool = False
    """Whether it was stored here instead of being asked of Stripe."""
    forwarded_as: PaymentIntentId | None = None
    """Stripe's PaymentIntent, where what was stored is held money by now."""

    @property
    def intent(self) -> PaymentIntentId:
        """The PaymentIntent at Stripe; ValueError for an action that has none."""
        intent = self.forwarded_as or self.payment_intent
        if intent is None:
            raise ValueError(f"{self.action} has no PaymentIntent")
        return intent

    @property
    def total(self) -> int:
        """What the cardholder pays, with the tip; minor units."""
        return self.amount + (self.tip or 0)

    @property
    def is_finished(self) -> bool:
        """Whether the action has its final outcome."""
        return self.phase in FINAL


_SLOTS = {
    field.name: (vars(Payment)[field.name].__get__, vars(Payment)[field.name].__set__)
    for field in fields(Payment)
}


def _changed(payment: Payment, **changes: Any) -> Payment:
    """As dataclasses.replace, in a third of its time: every entry costs one.

    Raises KeyError for a field that a payment does not have.
    """
    changed: Payment = object.__new__(Payment)
    for get, set_ in _SLOTS.values():
        set_(changed, get(payment))
    for name, value in changes.items():
        _SLOTS[name][1](changed, value)
    return changed


def begin(entry: ActionRequested) -> Payment:
    """The payment that `entry` starts."""
    return Payment(
        payment_id=entry.payment_id,
        reader_id=entry.reader_id,
        action=entry.action,
        payment_intent=entry.payment_intent,
        amount=entry.amount,
        currency=entry.currency,
        parameters=entry.parameters,
        charge=entry.charge,
        setup_intent=entry.setup_intent,
    )


def apply(payment: Payment, entry: Entry) -> Payment:
    """The payment after `entry`; raises IllegalStep where it may not follow."""
    step = step_of(entry)
    if step is None:
        raise ValueError("a payment begins only once")
    phase = advance(payment.phase, step)
    return _changed(payment, phase=phase, **_told(payment, entry))


def _told(payment: Payment, entry: Entry) -> dict[str, Any]:
    """What an entry changes beside the phase."""
    match entry:
        case Performed(result=result, emv_auth_data=auth_data):
            return {"result": result, "emv_auth_data": auth_data}
        case Confirmed():
            return {
                "intent_status": entry.status,
                "charge": entry.charge,
                "emv_auth_data": entry.emv_auth_data,
                "capture_before": entry.capture_before,
                "tip": payment.tip if entry.tip is None else entry.tip,
            }
        case Declined():
            return {
                "charge": entry.charge,
                "failure_code": entry.code,
                "decline_code": entry.decline_code,
                "failure_message": entry.message,
            }
        case NotCharged(code=code, message=message):
            return {"failure_code": code, "failure_message": message}
        case ActionFinished():
            return {
                "outcome": entry.outcome,
                "failure_code": entry.failure_code,
                "failure_message": entry.failure_message,
                "card_verdict_missing": entry.card_verdict_missing,
            }
        case _:
            return _told_on_its_way(payment, entry)


def _told_on_its_way(payment: Payment, entry: Entry) -> dict[str, Any]:
    """The same of an entry without an outcome: an effect may have happened since."""
    match entry:
        case ActionSent():
            return {"sent": entry}
        case CardCollected(read_method=read_method, tip=tip):
            return {"read_method": read_method, "tip": tip, "card": _shown(entry)}
        case ConfirmOrdered():
            parameters = {**payment.parameters, **entry.parameters}
            return {"action": CONFIRM, "parameters": parameters}
        case ConfirmStarted(idempotency_key=key):
            return {"confirm_key": key}
        case CardEndedEarly():
            return {"card_end": entry}
        case StoredOffline():
            return {"is_stored_offline": True}
        case ReversalStarted(idempotency_key=key):
            return {"reversal_key": key}
        case _:
            return _told_of_a_hold(payment, entry)


def _told_of_a_hold(payment: Payment, entry: Entry) -> dict[str, Any]:
    """The same of money that is held; others tell nothing of it."""
    match entry:
        case HoldBegan():
            return {
                "forwarded_as": entry.payment_intent,
                "intent_status": "requires_capture",
                "charge": entry.charge,
                "capture_before": entry.capture_before,
            }
        case AuthorizationWarned(expires_at=expires_at, lead_s=lead_s):
            leads_s = payment.warned_leads_s | {lead_s}
            return {"capture_before": expires_at, "warned_leads_s": leads_s}
        case HoldEnded(status=status):
            return {"intent_status": status}
        case _:
            return {}


def _shown(entry: CardCollected) -> ShownCard | None:
    if entry.brand is None:
        return None
    return ShownCard(entry.brand, entry.last4, entry.exp_month, entry.exp_year)


def fold(entries: Iterable[Entry]) -> Payment:
    """The payment that a journal's entries tell, in their order.

    Raises ValueError where they do not start with ActionRequested, IllegalStep where
    they are not a path of the state machine.
    """
    iterator = iter(entries)
    first = next(iterator, None)
    if not isinstance(first, ActionRequested):
        raise ValueError("a payment's entries start with ActionRequested")
    payment = begin(first)
    for entry in iterator:
        payment = apply(payment, entry)
    return payment
