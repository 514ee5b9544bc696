"""Taking what is held: all of it, less, or more where the authorization allows it."""

from __future__ import annotations

from functools import partial

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources import charges
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.payment_intents.changes import changed
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    held_charge,
    require,
    save,
)
from simulator.stripe_api.resources.payment_intents.increment import (
    is_incrementable,
    raise_hold,
)
from simulator.stripe_api.resources.payment_intents.states import TRANSITIONS, Step
from simulator.stripe_api.resources.payment_intents.terms import most_capturable
from simulator.stripe_api.resources.refunds.giving_back import release


def capture(call: Call) -> PaymentIntent:
    """Capture once; what is not taken is released.

    Raises InvalidRequest, or CardError where more was asked for and declined.
    """
    intent = call.find(PAYMENT_INTENTS, "intent")
    require(
        intent,
        Step.CAPTURE,
        refusal=(
            "This PaymentIntent could not be captured because it has a status of "
            "{status}. Only a PaymentIntent with one of the following statuses may be "
            "captured"
        ),
    )
    if not call.params.get("final_capture", True):
        raise ParameterInvalid(
            "Multicapture is not available for this PaymentIntent: final_capture "
            "cannot be false.",
            param="final_capture",
        )
    captured = changed(intent, call.params)
    amount = call.params.get("amount_to_capture", intent["amount_capturable"])
    charge = held_charge(call, intent)
    if amount > charge["amount"]:
        charge = _stretched(call, intent, charge, amount=amount)
    charge = charges.book(call, charges.capture(call, charge, amount=amount))
    if amount < charge["amount"]:
        charge = release(call, charge, amount=charge["amount"] - amount)
    captured["status"] = TRANSITIONS[intent["status"], Step.CAPTURE]
    captured["amount"] = charge["amount"]
    captured["amount_capturable"] = 0
    captured["amount_received"] = amount
    save(call, captured)
    call.emit("charge.captured", charge)
    call.emit("payment_intent.succeeded", captured)
    return captured


def capture_at_once(call: Call, intent: PaymentIntent, charge: Charge) -> Charge:
    """The charge captured; with `automatic_async` it is booked a moment later."""
    captured = charges.capture(call, charge, amount=charge["amount"])
    if intent["capture_method"] != "automatic_async":
        return charges.book(call, captured)
    call.agenda.afterwards.append(partial(_book, charge_id=charge["id"]))
    return captured


def _stretched(
    call: Call, intent: PaymentIntent, charge: Charge, *, amount: int
) -> Charge:
    """The charge for more than is held: within the tolerance, or asked for anew."""
    if amount <= _most_capturable(charge):
        return charge
    if is_incrementable(charge):
        return raise_hold(call, intent, charge, amount=amount)
    raise InvalidRequest(
        "The payment could not be captured because the requested capture amount is "
        "greater than the amount you can capture for this charge.",
        param="amount_to_capture",
        code="amount_too_large",
    )


def _most_capturable(charge: Charge) -> int:
    details = charge["payment_method_details"].get("card_present")
    if details and details["overcapture_supported"]:
        return most_capturable(charge["amount"])
    return charge["amount"]


def _book(call: Call, *, charge_id: str) -> None:
    captured = call.store.of(CHARGES).get(charge_id)
    if captured is not None:
        call.emit("charge.updated", charges.book(call, captured), before=captured)
