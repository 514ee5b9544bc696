"""Creating, reading, changing and canceling PaymentIntents."""

from __future__ import annotations

from simulator.emv.authorization import Issuer
from simulator.stripe_api.engine.lists import page, within
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.customers import CUSTOMERS
from simulator.stripe_api.resources.money import check_chargeable
from simulator.stripe_api.resources.payment_intents.changes import changed
from simulator.stripe_api.resources.payment_intents.confirm import (
    authorize,
)
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    Unfilled,
    held_charge,
    require,
    save,
)
from simulator.stripe_api.resources.payment_intents.means import chosen
from simulator.stripe_api.resources.payment_intents.states import (
    TRANSITIONS,
    Status,
    Step,
)
from simulator.stripe_api.resources.refunds.giving_back import release

PATH = "/v1/payment_intents"

_UNFILLED: Unfilled = {
    "application": None,
    "customer_account": None,
    "managed_payments": None,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method_configuration_details": None,
    "payment_record": None,
    "processing": None,
    "review": None,
    "source": None,
    "transfer_data": None,
}
_FIXED_ONCE_PAID = (
    "amount",
    "currency",
    "capture_method",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "allowed_payment_method_types",
    "payment_method_options",
    "setup_future_usage",
    "application_fee_amount",
)


def create(call: Call, *, issuer: Issuer) -> PaymentIntent:
    """Add an intent, and confirm it at once where that is asked for."""
    _check_customer(call)
    intent = changed(_blank(call), call.params)
    check_chargeable(intent["amount"], intent["currency"])
    is_confirmed = call.params.get("confirm", False)
    if not is_confirmed:
        intent = chosen(call, intent)
    save(call, intent)
    call.emit("payment_intent.created", intent)
    return authorize(call, intent, issuer=issuer) if is_confirmed else intent


def retrieve(call: Call) -> PaymentIntent:
    """The intent."""
    return call.find(PAYMENT_INTENTS, "intent")


def update(call: Call) -> PaymentIntent:
    """Change an intent; what was agreed with the cardholder only before payment."""
    intent = call.find(PAYMENT_INTENTS, "intent")
    _check_customer(call)
    for name in _FIXED_ONCE_PAID:
        if name in call.params:
            require(
                intent,
                Step.CHANGE,
                refusal=(
                    f"This PaymentIntent's {name} could not be updated because it has "
                    f"a status of {{status}}. You may only update the {name} of a "
                    "PaymentIntent with one of the following statuses"
                ),
            )
    updated = changed(intent, call.params)
    check_chargeable(updated["amount"], updated["currency"])
    return save(call, chosen(call, updated))


def list_all(call: Call) -> Object:
    """One page of intents."""
    params = call.params
    created = params.get("created")
    return page(
        call.store,
        PAYMENT_INTENTS,
        params=params,
        url=PATH,
        equal=("customer", "customer_account"),
        where=lambda intent: within(intent["created"], created),
    )


def cancel(call: Call) -> PaymentIntent:
    """End an intent that is not paid, releasing what was authorized."""
    intent = call.find(PAYMENT_INTENTS, "intent")
    require(
        intent,
        Step.CANCEL,
        refusal=(
            "You cannot cancel this PaymentIntent because it has a status of {status}. "
            "Only a PaymentIntent with one of the following statuses may be canceled"
        ),
    )
    if intent["status"] is Status.REQUIRES_CAPTURE:
        held = held_charge(call, intent)
        released = release(call, held, amount=held["amount"])
        call.emit("charge.refunded", released, before=held)
    canceled = intent.copy()
    canceled["status"] = TRANSITIONS[intent["status"], Step.CANCEL]
    canceled["amount_capturable"] = 0
    canceled["canceled_at"] = call.now
    canceled["cancellation_reason"] = call.params.get("cancellation_reason")
    save(call, canceled)
    call.emit("payment_intent.canceled", canceled)
    return canceled


def _check_customer(call: Call) -> None:
    if call.params.get("customer") is not None:
        call.referred(CUSTOMERS, "customer")


def _blank(call: Call) -> PaymentIntent:
    """An intent before its parameters are applied."""
    intent_id = call.new_id(PAYMENT_INTENTS)
    return {
        **_UNFILLED,
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{call.ids.text(25)}",
        "confirmation_method": "automatic",
        "created": call.now,
        "currency": "",
        "customer": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": call.livemode,
        "metadata": {},
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "link"],
        "receipt_email": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": Status.REQUIRES_PAYMENT_METHOD,
        "transfer_group": None,
    }
