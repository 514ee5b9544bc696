"""Confirming a PaymentIntent with what a local reader encrypted."""

from __future__ import annotations

from simulator.emv.authorization import Issuer
from simulator.errors import CardDataUnreadable
from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_reads import (
    CardRead,
    local_card_read,
    unreadable,
)
from simulator.stripe_api.resources.money import check_chargeable
from simulator.stripe_api.resources.payment_intents.changes import changed
from simulator.stripe_api.resources.payment_intents.charging import charge_card
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    require,
    unexpected,
)
from simulator.stripe_api.resources.payment_intents.states import Status, Step
from simulator.stripe_api.resources.payment_methods import PAYMENT_METHODS


def confirm(call: Call, *, issuer: Issuer) -> PaymentIntent:
    """Confirm the intent the path names; raises CardError where the issuer declines."""
    return authorize(call, call.find(PAYMENT_INTENTS, "intent"), issuer=issuer)


def authorize(call: Call, intent: PaymentIntent, *, issuer: Issuer) -> PaymentIntent:
    """Ask the issuer, and store what follows from the answer."""
    _check_status(intent)
    intent = changed(intent, call.params)
    check_chargeable(intent["amount"], intent["currency"])
    if call.params.get("amount_to_confirm", intent["amount"]) != intent["amount"]:
        raise ParameterInvalid(
            "The amount_to_confirm does not match the PaymentIntent's amount.",
            param="amount_to_confirm",
        )
    read = _card_read(call, intent)
    try:
        return charge_card(call, intent, read, issuer=issuer)
    except CardDataUnreadable:
        raise unreadable() from None


def _check_status(intent: PaymentIntent) -> None:
    if intent["status"] is Status.SUCCEEDED:
        raise unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded "
            "after being previously confirmed.",
        )
    require(
        intent,
        Step.PAY,
        refusal=(
            "You cannot confirm this PaymentIntent because it has a status of "
            "{status}. Only a PaymentIntent with one of the following statuses may be "
            "confirmed"
        ),
    )


def _card_read(call: Call, intent: PaymentIntent) -> CardRead:
    """The reader's data; raises where there are none or they do not fit the intent."""
    data = call.params.get("payment_method_data")
    if data is not None:
        return local_card_read(
            data,
            allowed=intent["payment_method_types"],
            intent="PaymentIntent",
            code="payment_intent_invalid_parameter",
        )
    if "payment_method" in call.params:
        refuse_used_method(call)
    raise unexpected(
        intent,
        "You cannot confirm this PaymentIntent because it's missing a payment method. "
        "You can either update the PaymentIntent with a payment method and then "
        "confirm it again, or confirm it again directly with a payment method or "
        "ConfirmationToken.",
    )


def refuse_used_method(call: Call) -> None:
    """Raise because a card_present PaymentMethod serves the charge that made it only."""
    call.referred(PAYMENT_METHODS, "payment_method")
    raise InvalidRequest(
        "The provided PaymentMethod was previously used with a PaymentIntent without "
        "Customer attachment, shared with a connected account without Customer "
        "attachment, or was detached from a Customer. It may not be used again. To use "
        "a PaymentMethod multiple times, you must attach it to a Customer first.",
        param="payment_method",
    )
