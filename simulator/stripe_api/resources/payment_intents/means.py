"""By what a PaymentIntent is to be paid, as far as the parameters and it say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.parameters import Values
from simulator.stripe_api.resources.card_reads import CardRead, local_card_read
from simulator.stripe_api.resources.online_cards.confirmation_tokens import (
    use_confirmation_token,
)
from simulator.stripe_api.resources.online_cards.methods import (
    method_of_data,
    referred_method,
)
from simulator.stripe_api.resources.payment_intents.fields import (
    PaymentIntent,
    unexpected,
)
from simulator.stripe_api.resources.payment_intents.online import (
    check_usable,
    used_before,
)
from simulator.stripe_api.resources.payment_intents.states import TRANSITIONS, Step
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    PaymentMethod,
)

Means = CardRead | PaymentMethod
"""What a reader read, or a payment method of a card that was typed in."""

_DATA = "payment_method_data"
_EXCLUSIVE = ("confirmation_token", "payment_method", _DATA)


def means_of_payment(call: Call, intent: PaymentIntent) -> tuple[PaymentIntent, Means]:
    """The intent with what a ConfirmationToken says, and what to pay it with.

    Raises InvalidRequest where there is nothing, or it does not fit the intent.
    """
    if "confirmation_token" in call.params:
        return _by_token(call, intent)
    sent = sent_means(call, intent)
    if sent is not None:
        return intent, sent
    chosen = call.store.of(PAYMENT_METHODS).get(intent["payment_method"] or "")
    if chosen is None:
        raise unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment "
            "method. You can either update the PaymentIntent with a payment method and "
            "then confirm it again, or confirm it again directly with a payment method "
            "or ConfirmationToken.",
        )
    return intent, _typed_in(chosen)


def sent_means(call: Call, intent: PaymentIntent) -> Means | None:
    """What the request itself says; raises InvalidRequest for more than one thing."""
    sent = [name for name in _EXCLUSIVE if name in call.params]
    if len(sent) > 1:
        raise ParameterInvalid(
            f"You may only specify one of these parameters: {', '.join(sent)}.",
            code="parameters_exclusive",
        )
    if _DATA in call.params:
        data: Values = call.params[_DATA]
        if data["type"] == "card" and "card" in intent["payment_method_types"]:
            return method_of_data(call, data, name=_DATA)
        return local_card_read(
            data,
            allowed=intent["payment_method_types"],
            intent="PaymentIntent",
            code="payment_intent_invalid_parameter",
        )
    if "payment_method" in call.params:
        return _typed_in(referred_method(call, "payment_method"))
    return None


def chosen(call: Call, intent: PaymentIntent) -> PaymentIntent:
    """The intent with the payment method that was sent, to be confirmed later."""
    if call.params.get(_DATA, {"type": "card"})["type"] != "card":
        raise ParameterInvalid(
            "This simulator takes payment_method_data of readers only when confirming.",
            param=_DATA,
        )
    means = sent_means(call, intent)
    if means is None or isinstance(means, CardRead):
        return intent
    check_usable(call, intent, means)
    prepared = intent.copy()
    prepared["payment_method"] = means["id"]
    prepared["status"] = TRANSITIONS[intent["status"], Step.CHOOSE]
    return prepared


def check_redirects(intent: PaymentIntent, params: Mapping[str, Any]) -> None:
    """Raise InvalidRequest where the customer might be sent away and not come back."""
    automatic = intent["automatic_payment_methods"]
    if (
        automatic is not None
        and automatic["allow_redirects"] == "always"
        and "return_url" not in params
        and "confirmation_token" not in params
    ):
        raise InvalidRequest(
            "This PaymentIntent is configured to accept payment methods enabled in "
            "your Dashboard. Because some of these payment methods might redirect your "
            "customer off of your page, you must provide a `return_url`. If you don't "
            "want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and "
            "`automatic_payment_methods[allow_redirects]` to `never` when creating "
            "Setup Intents and Payment Intents."
        )


def _by_token(call: Call, intent: PaymentIntent) -> tuple[PaymentIntent, PaymentMethod]:
    sent_means(call, intent)
    token, method = use_confirmation_token(
        call, "confirmation_token", intent_id=intent["id"]
    )
    told = intent.copy()
    if token["shipping"] is not None:
        told["shipping"] = {
            "carrier": None,
            "tracking_number": None,
            **token["shipping"],
        }
    if "setup_future_usage" in token:
        told["setup_future_usage"] = token["setup_future_usage"]
    return told, method


def _typed_in(method: PaymentMethod) -> PaymentMethod:
    # A card that was present serves the one payment that it was read for.
    if method["type"] != "card":
        raise used_before()
    return method
