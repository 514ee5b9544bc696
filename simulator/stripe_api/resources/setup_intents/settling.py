"""What an issuer's answer makes of a SetupIntent, however the card was presented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.emv.authorization import Declined
from simulator.stripe_api.engine.errors import doc_url
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.declines import advice, message
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.payment_methods import PaymentMethod
from simulator.stripe_api.resources.setup_intents.attempts import (
    SETUP_ATTEMPTS,
    add_attempt,
)
from simulator.stripe_api.resources.setup_intents.fields import SetupIntent, save
from simulator.stripe_api.resources.setup_intents.states import TRANSITIONS, Step

Details = Mapping[str, Any]
"""The attempt's `payment_method_details`."""


def settle_succeeded(
    call: Call,
    intent: SetupIntent,
    method: PaymentMethod,
    *,
    attempt_id: str,
    details: Details,
) -> SetupIntent:
    """The intent with its card kept."""
    add_attempt(
        call,
        intent,
        attempt_id=attempt_id,
        method=method["id"],
        details=details,
        error=None,
    )
    succeeded = intent.copy()
    succeeded["status"] = TRANSITIONS[intent["status"], Step.SET_UP]
    succeeded["last_setup_error"] = None
    succeeded["latest_attempt"] = attempt_id
    succeeded["payment_method"] = method["id"]
    save(call, succeeded)
    call.emit("setup_intent.succeeded", succeeded)
    return succeeded


def settle_failed(
    call: Call,
    intent: SetupIntent,
    method: PaymentMethod,
    *,
    declined: Declined,
    code: str,
    details: Details,
) -> CardError:
    """The intent open for another card; returns the refusal to raise."""
    refusal = {
        "advice_code": advice(declined),
        "code": code,
        "decline_code": declined.decline_code,
        "doc_url": doc_url(code),
        "message": message(declined),
        "network_decline_code": declined.response_code,
        "payment_method": method,
    }
    error = {**refusal, "type": CardError.type}
    attempt_id = call.new_id(SETUP_ATTEMPTS)
    add_attempt(
        call,
        intent,
        attempt_id=attempt_id,
        method=method["id"],
        details=details,
        error=error,
    )
    failed = intent.copy()
    failed["status"] = TRANSITIONS[intent["status"], Step.DECLINE]
    failed["last_setup_error"] = error
    failed["latest_attempt"] = attempt_id
    failed["payment_method"] = None
    save(call, failed)
    call.emit("setup_intent.setup_failed", failed)
    return CardError({**refusal, "setup_intent": failed})
