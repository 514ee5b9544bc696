"""Charging a PaymentIntent to a card whose number was typed in, now or earlier."""

from __future__ import annotations

from typing import TypedDict, assert_never

from simulator.emv.authorization import Approved, Declined
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.online_cards.issuing import ask_issuer, card_details
from simulator.stripe_api.resources.payment_intents.attempts import Attempt, add_charge
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.payment_intents.settling import (
    settle_approved,
    settle_declined,
)
from simulator.stripe_api.resources.payment_methods import PaymentMethod, attach

HOLD_S = 7 * 24 * 60 * 60


class Use(TypedDict):
    """That a payment method without a customer has served, under its id."""

    id: str


_USES = Kind[Use](
    name="simulator.used_payment_method", prefix="pm", noun="used PaymentMethod"
)


def charge_online(
    call: Call, intent: PaymentIntent, method: PaymentMethod
) -> PaymentIntent:
    """Ask the issuer and store what follows; the intent's status must allow it.

    Raises CardError where the issuer declines, InvalidRequest for a payment method
    that cannot be used for this intent.
    """
    check_usable(call, intent, method)
    held = _is_held(intent)
    capture_before = call.now + HOLD_S if held else None
    decision = ask_issuer(call, method)
    details = card_details(
        call,
        method,
        decision,
        amount=intent["amount"],
        capture_before=capture_before,
    )
    charge = add_charge(call, intent, Attempt(decision, details, method))
    match decision:
        case Approved():
            _keep_or_consume(call, intent, method)
            return settle_approved(call, intent, charge, capture_before=capture_before)
        case Declined():
            raise settle_declined(
                call, intent, charge, declined=decision, method=method
            )
        case _:
            assert_never(decision)


def check_usable(call: Call, intent: PaymentIntent, method: PaymentMethod) -> None:
    """Raise InvalidRequest where the intent cannot be paid with this."""
    allowed = intent["payment_method_types"]
    if method["type"] not in allowed:
        raise InvalidRequest(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this "
            "PaymentIntent. Please attach a payment method of one of the following "
            f"types: {', '.join(allowed)}.",
            param="payment_method",
            code="payment_intent_invalid_parameter",
        )
    owner = method["customer"]
    if owner is None and call.store.of(_USES).get(method["id"]) is not None:
        raise used_before()
    if owner is not None and owner != intent["customer"]:
        raise InvalidRequest(
            "The customer does not have a payment method with the ID "
            f"{method['id']}. The payment method must be attached to the customer.",
            param="payment_method",
            code="resource_missing" if intent["customer"] is not None else None,
        )


def used_before() -> InvalidRequest:
    """The refusal of a payment method that has served and belongs to nobody."""
    return InvalidRequest(
        "The provided PaymentMethod was previously used with a PaymentIntent without "
        "Customer attachment, shared with a connected account without Customer "
        "attachment, or was detached from a Customer. It may not be used again. To use "
        "a PaymentMethod multiple times, you must attach it to a Customer first.",
        param="payment_method",
    )


def _is_held(intent: PaymentIntent) -> bool:
    options = intent["payment_method_options"].get("card", {})
    return "manual" in (intent["capture_method"], options.get("capture_method"))


def _keep_or_consume(call: Call, intent: PaymentIntent, method: PaymentMethod) -> None:
    """Attach the card where the intent asks for that; else it has served."""
    if method["customer"] is not None:
        return
    if intent["customer"] is not None and intent["setup_future_usage"] is not None:
        attach(call, method, customer_id=intent["customer"])
    else:
        call.store.of(_USES).put({"id": method["id"]})
