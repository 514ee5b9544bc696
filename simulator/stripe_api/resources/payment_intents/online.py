"""Charging a PaymentIntent to a card whose number was typed in, now or earlier."""

from __future__ import annotations

from typing import assert_never

from simulator.emv.authorization import Approved, Declined
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.means import check_usable, consume
from simulator.stripe_api.resources.online_cards.issuing import ask_issuer, card_details
from simulator.stripe_api.resources.payment_intents.attempts import Attempt, add_charge
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.payment_intents.means import wanted_by
from simulator.stripe_api.resources.payment_intents.settling import (
    settle_approved,
    settle_declined,
)
from simulator.stripe_api.resources.payment_methods import PaymentMethod, attach

HOLD_S = 7 * 24 * 60 * 60


def charge_online(
    call: Call, intent: PaymentIntent, method: PaymentMethod
) -> PaymentIntent:
    """Ask the issuer and store what follows; the intent's status must allow it.

    Raises CardError where the issuer declines, InvalidRequest for a payment method
    that cannot be used for this intent.
    """
    check_usable(call, method, wanted_by(intent))
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
        consume(call, method)
