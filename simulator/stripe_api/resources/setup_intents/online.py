"""Setting up a card whose number was typed in: kept for its customer."""

from __future__ import annotations

from typing import Any, assert_never

from simulator.emv.authorization import Approved, Declined
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.means import (
    Means,
    Wanted,
    check_usable,
    chosen_method,
    kept_method,
    sent_means,
)
from simulator.stripe_api.resources.online_cards.confirmation_tokens import (
    use_confirmation_token,
)
from simulator.stripe_api.resources.online_cards.issuing import ask_issuer
from simulator.stripe_api.resources.payment_methods import PaymentMethod, attach
from simulator.stripe_api.resources.setup_intents.attempts import SETUP_ATTEMPTS
from simulator.stripe_api.resources.setup_intents.fields import SetupIntent, unexpected
from simulator.stripe_api.resources.setup_intents.settling import (
    Details,
    settle_failed,
    settle_succeeded,
)
from simulator.stripe_api.resources.setup_intents.states import TRANSITIONS, Step

_SHOWN = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding")


def set_up_online(
    call: Call, intent: SetupIntent, method: PaymentMethod
) -> SetupIntent:
    """Keep a card for later; the intent's status must allow it.

    Raises CardError where the issuer declines, InvalidRequest for a payment method
    that cannot be used for this intent.
    """
    check_usable(call, method, wanted_by(intent))
    decision = ask_issuer(call, method)
    match decision:
        case Approved():
            if intent["customer"] is not None and method["customer"] is None:
                method = attach(call, method, customer_id=intent["customer"])
            return settle_succeeded(
                call,
                intent,
                method,
                attempt_id=call.new_id(SETUP_ATTEMPTS),
                details=_details(method),
            )
        case Declined():
            raise settle_failed(
                call,
                intent,
                method,
                declined=decision,
                code=decision.code,
                details=_details(method),
            )
        case _:
            assert_never(decision)


def wanted_by(intent: SetupIntent) -> Wanted:
    """What the intent takes."""
    return Wanted(
        "SetupIntent",
        intent["payment_method_types"],
        intent["customer"],
        "setup_intent_invalid_parameter",
    )


def means_of_setup(call: Call, intent: SetupIntent) -> Means:
    """What to set up; raises InvalidRequest where there is nothing fitting."""
    means = sent_means(call, wanted_by(intent))
    if "confirmation_token" in call.params:
        _, means = use_confirmation_token(call, "setup_intent", intent["id"])
    means = means or kept_method(call, intent["payment_method"])
    if means is None:
        raise unexpected(
            intent,
            "You cannot confirm this SetupIntent because it's missing a payment "
            "method. Update the SetupIntent with a payment method and then confirm it "
            "again.",
        )
    return means


def chosen(call: Call, intent: SetupIntent) -> SetupIntent:
    """The intent with the payment method that was sent, to be confirmed later."""
    method = chosen_method(call, wanted_by(intent))
    if method is None:
        return intent
    prepared = intent.copy()
    prepared["payment_method"] = method["id"]
    prepared["status"] = TRANSITIONS[intent["status"], Step.CHOOSE]
    return prepared


def _details(method: PaymentMethod) -> Details:
    card = method["card"]
    shown: dict[str, Any] = {name: card.get(name) for name in _SHOWN}
    details = {
        **shown,
        "checks": card.get("checks"),
        "last4": card["last4"],
        "network": card["brand"],
        "three_d_secure": None,
        "wallet": None,
    }
    return {"card": details, "type": "card"}
