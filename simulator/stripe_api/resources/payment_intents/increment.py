"""Raising the authorized amount of a hold, for tabs and stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from simulator.cards.card import Decision
from simulator.emv.decisions import AMOUNT_ENDINGS, REFUSALS
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.declines import error_details
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.money import check_chargeable
from simulator.stripe_api.resources.payment_intents.changes import changed
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    held_charge,
    require,
    save,
)
from simulator.stripe_api.resources.payment_intents.states import Step

MAXIMUM_ATTEMPTS = 10


class Attempts(TypedDict):
    """How often an intent was incremented, declines included."""

    id: str
    count: int


_ATTEMPTS = Kind[Attempts](name="increment_attempts", prefix="", noun="")


@dataclass(frozen=True, slots=True)
class _Refused:
    code: str
    decline_code: str
    response_code: str


def increment(call: Call) -> PaymentIntent:
    """Ask the issuer for a higher amount; a decline leaves the hold as it was."""
    intent = call.find(PAYMENT_INTENTS, "intent")
    # What may be captured may be incremented.
    require(
        intent,
        Step.CAPTURE,
        refusal=(
            "This PaymentIntent's authorization could not be incremented because it "
            "has a status of {status}. Only a PaymentIntent with one of the following "
            "statuses may be incremented"
        ),
    )
    amount = call.params["amount"]
    charge = held_charge(call, intent)
    if not is_incrementable(charge):
        raise InvalidRequest(
            "This PaymentIntent is not eligible for incremental authorization: it was "
            "not requested, or the card does not support it."
        )
    if amount <= charge["amount"]:
        raise InvalidRequest(
            "The amount must be greater than the currently authorized amount.",
            param="amount",
        )
    incremented = changed(intent, call.params)
    raise_hold(call, intent, charge, amount=amount)
    incremented["amount_capturable"] = amount
    save(call, incremented)
    call.emit("payment_intent.amount_capturable_updated", incremented)
    return incremented


def is_incrementable(charge: Charge) -> bool:
    """Whether the issuer may be asked to hold more."""
    details = charge["payment_method_details"].get("card_present")
    return bool(details and details["incremental_authorization_supported"])


def raise_hold(
    call: Call, intent: PaymentIntent, charge: Charge, *, amount: int
) -> Charge:
    """The charge with the higher amount; raises CardError and leaves it as it was."""
    check_chargeable(amount, charge["currency"])
    _count(call, intent)
    # The card is gone by now: only the documented amounts make the issuer decline.
    decision = AMOUNT_ENDINGS.get(amount % 100, Decision.APPROVE)
    if decision is not Decision.APPROVE:
        refusal = REFUSALS[decision]
        refused = _Refused(refusal.code, decision, refusal.response_code)
        details = error_details(refused, charge_id=charge["id"])
        raise CardError({**details, "payment_intent": intent})
    raised = _raised(charge, amount)
    call.store.of(CHARGES).put(raised)
    call.emit("charge.updated", raised, before=charge)
    return raised


def _count(call: Call, intent: PaymentIntent) -> None:
    attempts = call.store.of(_ATTEMPTS)
    before = attempts.get(intent["id"]) or {"id": intent["id"], "count": 0}
    if before["count"] >= MAXIMUM_ATTEMPTS:
        raise InvalidRequest(
            "You have reached the limit of incremental authorization attempts for this "
            "PaymentIntent."
        )
    attempts.put({**before, "count": before["count"] + 1})


def _raised(charge: Charge, amount: int) -> Charge:
    raised = charge.copy()
    raised["amount"] = amount
    details = charge["payment_method_details"]["card_present"].copy()
    details["amount_authorized"] = amount
    raised["payment_method_details"] = {"card_present": details, "type": "card_present"}
    return raised
