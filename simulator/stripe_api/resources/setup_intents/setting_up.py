"""Setting up a card that a reader has read: the issuer's answer, and what follows."""

from __future__ import annotations

from typing import assert_never

from simulator.emv.authorization import (
    Approved,
    AuthorizationRequest,
    Declined,
    Issuer,
)
from simulator.stripe_api.engine.errors import doc_url
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import (
    CardPresentDetails,
    Reading,
    payment_method_details,
)
from simulator.stripe_api.resources.card_reads import CardRead
from simulator.stripe_api.resources.declines import advice, message
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.generated_cards import Reuse, add_generated_card
from simulator.stripe_api.resources.payment_methods import (
    PaymentMethod,
    add_presented_card,
)
from simulator.stripe_api.resources.setup_intents.attempts import (
    SETUP_ATTEMPTS,
    add_attempt,
)
from simulator.stripe_api.resources.setup_intents.fields import SetupIntent, save
from simulator.stripe_api.resources.setup_intents.states import TRANSITIONS, Step

# Nothing is charged: the issuer is asked whether the account is good.
_AMOUNT = 0
_CURRENCY = "usd"
_FAILURE = "setup_intent_authentication_failure"


def set_up_card(
    call: Call,
    intent: SetupIntent,
    read: CardRead,
    *,
    issuer: Issuer,
    allow_redisplay: str = "unspecified",
) -> SetupIntent:
    """Keep a card for later; the intent's status must allow it.

    Raises CardError where the issuer declines, CardDataUnreadable where the data open
    to no card.
    """
    decision = issuer.authorize(
        AuthorizationRequest(
            ciphertext=read.ciphertext,
            ksn=read.ksn,
            read_method=read.read_method,
            amount=_AMOUNT,
            currency=_CURRENCY,
        )
    )
    method = add_presented_card(
        call, decision.card, type_=read.type, read_method=read.read_method
    )
    match decision:
        case Approved():
            details = _details(call, decision, read)
            reuse = Reuse(intent["customer"], allow_redisplay)
            return _succeeded(call, intent, method, details=details, reuse=reuse)
        case Declined():
            raise _failed(call, intent, method, declined=decision)
        case _:
            assert_never(decision)


def _details(call: Call, decision: Approved, read: CardRead) -> CardPresentDetails:
    reading = Reading(
        type="card_present",
        read_method=read.read_method,
        reader=read.reader,
        location=read.location,
        capture_before=None,
        network_transaction_id=call.ids.digits(15),
    )
    return payment_method_details(decision, reading, amount=_AMOUNT)["card_present"]


def _succeeded(
    call: Call,
    intent: SetupIntent,
    method: PaymentMethod,
    *,
    details: CardPresentDetails,
    reuse: Reuse,
) -> SetupIntent:
    attempt_id = call.new_id(SETUP_ATTEMPTS)
    generated = add_generated_card(call, details, reuse, setup_attempt=attempt_id)
    add_attempt(
        call,
        intent,
        attempt_id=attempt_id,
        method=method["id"],
        generated_card=generated,
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


def _failed(
    call: Call, intent: SetupIntent, method: PaymentMethod, *, declined: Declined
) -> CardError:
    details = {
        "advice_code": advice(declined),
        "code": _FAILURE,
        "decline_code": declined.decline_code,
        "doc_url": doc_url(_FAILURE),
        "message": message(declined),
        "network_decline_code": declined.response_code,
        "payment_method": method,
    }
    error = {**details, "type": CardError.type}
    attempt_id = call.new_id(SETUP_ATTEMPTS)
    add_attempt(
        call,
        intent,
        attempt_id=attempt_id,
        method=method["id"],
        generated_card=None,
        error=error,
    )
    failed = intent.copy()
    failed["status"] = TRANSITIONS[intent["status"], Step.DECLINE]
    failed["last_setup_error"] = error
    failed["latest_attempt"] = attempt_id
    failed["payment_method"] = None
    save(call, failed)
    call.emit("setup_intent.setup_failed", failed)
    return CardError({**details, "setup_intent": failed})
