"""What an issuer's answer makes of a PaymentIntent, however the card was presented."""

from __future__ import annotations

from simulator.emv.authorization import Declined
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.charges import Charge
from simulator.stripe_api.resources.declines import error_details
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.payment_intents.capture import capture_at_once
from simulator.stripe_api.resources.payment_intents.expiry import expire_uncaptured
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent, save
from simulator.stripe_api.resources.payment_intents.states import TRANSITIONS, Step
from simulator.stripe_api.resources.payment_methods import PaymentMethod


def settle_approved(
    call: Call, intent: PaymentIntent, charge: Charge, *, capture_before: int | None
) -> PaymentIntent:
    """The intent paid, or held until `capture_before` where that is not None."""
    step = Step.PAY if capture_before is None else Step.AUTHORIZE
    if step is Step.PAY:
        charge = capture_at_once(call, intent, charge)
    approved = intent.copy()
    approved["status"] = TRANSITIONS[intent["status"], step]
    approved["last_payment_error"] = None
    approved["latest_charge"] = charge["id"]
    approved["payment_method"] = charge["payment_method"]
    approved["amount_capturable"] = charge["amount"] - charge["amount_captured"]
    approved["amount_received"] = charge["amount_captured"]
    save(call, approved)
    call.emit("charge.succeeded", charge)
    if capture_before is None:
        call.emit("payment_intent.succeeded", approved)
    else:
        call.emit("payment_intent.amount_capturable_updated", approved)
        expire_uncaptured(call, approved, after_s=capture_before - call.now)
    return approved


def settle_declined(
    call: Call,
    intent: PaymentIntent,
    charge: Charge,
    *,
    declined: Declined,
    method: PaymentMethod,
) -> CardError:
    """The intent open for another card; returns the refusal to raise."""
    details = {
        **error_details(declined, charge_id=charge["id"]),
        "payment_method": method,
    }
    failed = intent.copy()
    failed["status"] = TRANSITIONS[intent["status"], Step.DECLINE]
    failed["last_payment_error"] = {**details, "type": CardError.type}
    failed["latest_charge"] = charge["id"]
    failed["payment_method"] = None
    save(call, failed)
    call.emit("charge.failed", charge)
    call.emit("payment_intent.payment_failed", failed)
    return CardError({**details, "payment_intent": failed})
