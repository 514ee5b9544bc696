"""Confirming a PaymentIntent with a card that was read or typed in."""

from __future__ import annotations

from simulator.emv.authorization import Issuer
from simulator.errors import CardDataUnreadable
from simulator.stripe_api.engine.errors import ParameterInvalid
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_reads import CardRead, unreadable
from simulator.stripe_api.resources.means import check_redirects
from simulator.stripe_api.resources.money import check_chargeable
from simulator.stripe_api.resources.payment_intents.changes import changed
from simulator.stripe_api.resources.payment_intents.charging import (
    Purchase,
    charge_card,
)
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    require,
    unexpected,
)
from simulator.stripe_api.resources.payment_intents.means import means_of_payment
from simulator.stripe_api.resources.payment_intents.online import charge_online
from simulator.stripe_api.resources.payment_intents.states import Status, Step


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
    intent, means = means_of_payment(call, intent)
    if not isinstance(means, CardRead):
        check_redirects(intent["automatic_payment_methods"], call.params)
        return charge_online(call, intent, means)
    try:
        return charge_card(
            call, intent, means, issuer=issuer, purchase=Purchase(tip=means.tip)
        )
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
