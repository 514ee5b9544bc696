"""What an action is about, as Stripe shows it: the hash named after its type. Pure."""

from __future__ import annotations

from agent.payments.payment import Payment
from agent.payments.wanted import (
    METADATA,
    CollectInputs,
    RefundPayment,
    Sent,
    SetReaderDisplay,
)
from agent.rest.payment_method import payment_method
from agent.stripe_api.objects import JsonObject

_REFUND_FLAGS = ("refund_application_fee", "reverse_transfer")


KEPT_APART: dict[str, JsonObject] = {
    CollectInputs.action: {"inputs": [], "metadata": {}},
    SetReaderDisplay.action: {"cart": None, "type": "cart"},
}
"""What is shown of an action whose content is kept apart, where it is kept no more."""

SHOWING_DETAILS = frozenset({*KEPT_APART, RefundPayment.action})
"""Actions of which something is shown that is in no entry of the journal."""


def details_of(payment: Payment, kept: JsonObject | None = None) -> JsonObject:
    """The action's own hash, with what has come of it so far.

    `kept` is what is kept of it apart from the journal's entries.
    """
    match payment.action:
        case CollectInputs.action | SetReaderDisplay.action:
            return kept or dict(KEPT_APART[payment.action])
        case "collect_payment_method":
            return _collection(payment)
        case "confirm_payment_intent":
            return _confirm(payment)
        case "process_setup_intent":
            return _setup(payment)
        case RefundPayment.action:
            return _refund(payment, kept or {})
        case _:
            config = _config(payment.parameters, name="process_config")
            return {"payment_intent": payment.payment_intent, **config}


def _config(parameters: Sent, *, name: str) -> JsonObject:
    config: JsonObject = {
        name: value for name, value in parameters.items() if name != "amount_eligible"
    }
    if "amount_eligible" in parameters:
        config["tipping"] = {"amount_eligible": parameters["amount_eligible"]}
    return {name: config} if config else {}


def _collection(payment: Payment) -> JsonObject:
    details: JsonObject = {"payment_intent": payment.payment_intent}
    details |= _config(payment.parameters, name="collect_config")
    if payment.card is not None:
        details["payment_method"] = payment_method(payment, payment.card)
    return details


def _confirm(payment: Payment) -> JsonObject:
    details: JsonObject = {"payment_intent": payment.payment_intent}
    if "return_url" in payment.parameters:
        details["confirm_config"] = {"return_url": payment.parameters["return_url"]}
    return details


def _setup(payment: Payment) -> JsonObject:
    details: JsonObject = {"setup_intent": payment.setup_intent}
    if payment.result is not None:
        details["generated_card"] = payment.result
    return details | _cancellation(payment.parameters, name="process_config")


def _refund(payment: Payment, kept: JsonObject) -> JsonObject:
    parameters = payment.parameters
    details: JsonObject = {"amount": payment.amount}
    for name in ("charge", "payment_intent", *_REFUND_FLAGS):
        if name in parameters:
            details[name] = parameters[name]
    if METADATA in kept:
        details[METADATA] = kept[METADATA]
    if payment.result is not None:
        details["refund"] = payment.result
    return details | _cancellation(parameters, name="refund_payment_config")


def _cancellation(parameters: Sent, *, name: str) -> JsonObject:
    sent = parameters.get("enable_customer_cancellation")
    return {} if sent is None else {name: {"enable_customer_cancellation": sent}}
