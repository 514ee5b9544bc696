"""By what a PaymentIntent is to be paid, as far as the parameters and it say."""

from __future__ import annotations

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.means import (
    Means,
    Wanted,
    chosen_method,
    kept_method,
    sent_means,
)
from simulator.stripe_api.resources.online_cards.confirmation_tokens import (
    use_confirmation_token,
)
from simulator.stripe_api.resources.payment_intents.fields import (
    PaymentIntent,
    unexpected,
)
from simulator.stripe_api.resources.payment_intents.states import TRANSITIONS, Step
from simulator.stripe_api.resources.payment_methods import PaymentMethod


def wanted_by(intent: PaymentIntent) -> Wanted:
    """What the intent takes."""
    return Wanted(
        "PaymentIntent",
        intent["payment_method_types"],
        intent["customer"],
        "payment_intent_invalid_parameter",
    )


def means_of_payment(call: Call, intent: PaymentIntent) -> tuple[PaymentIntent, Means]:
    """The intent with what a ConfirmationToken says, and what to pay it with.

    Raises InvalidRequest where there is nothing, or it does not fit the intent.
    """
    means = sent_means(call, wanted_by(intent))
    if "confirmation_token" in call.params:
        return _by_token(call, intent)
    means = means or kept_method(call, intent["payment_method"])
    if means is None:
        raise unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment "
            "method. You can either update the PaymentIntent with a payment method and "
            "then confirm it again, or confirm it again directly with a payment method "
            "or ConfirmationToken.",
        )
    return intent, means


def chosen(call: Call, intent: PaymentIntent) -> PaymentIntent:
    """The intent with the payment method that was sent, to be confirmed later."""
    method = chosen_method(call, wanted_by(intent))
    if method is None:
        return intent
    prepared = intent.copy()
    prepared["payment_method"] = method["id"]
    prepared["status"] = TRANSITIONS[intent["status"], Step.CHOOSE]
    return prepared


def _by_token(call: Call, intent: PaymentIntent) -> tuple[PaymentIntent, PaymentMethod]:
    token, method = use_confirmation_token(call, "payment_intent", intent["id"])
    told = intent.copy()
    if token["shipping"] is not None:
        unshipped = {"carrier": None, "tracking_number": None}
        told["shipping"] = {**unshipped, **token["shipping"]}
    if "setup_future_usage" in token:
        told["setup_future_usage"] = token["setup_future_usage"]
    return told, method
