"""Setting up a card that a reader has read: the issuer's answer, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from simulator.emv.authorization import (
    Approved,
    AuthorizationRequest,
    Declined,
    Issuer,
    PresentedCard,
)
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import (
    CardPresentDetails,
    Reading,
    payment_method_details,
)
from simulator.stripe_api.resources.card_reads import CardRead
from simulator.stripe_api.resources.generated_cards import Reuse, add_generated_card
from simulator.stripe_api.resources.payment_methods import (
    PaymentMethod,
    add_presented_card,
)
from simulator.stripe_api.resources.setup_intents.attempts import SETUP_ATTEMPTS
from simulator.stripe_api.resources.setup_intents.fields import SetupIntent
from simulator.stripe_api.resources.setup_intents.settling import (
    settle_failed,
    settle_succeeded,
)

# Nothing is charged: the issuer is asked whether the account is good.
_AMOUNT = 0
_CURRENCY = "usd"
NOT_KEPT = frozenset({"eftpos_au", "interac"})
"""Brands whose cards can only pay while they are present."""

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

    Raises CardError where the issuer declines, InvalidRequest for a card that cannot be
    kept, CardDataUnreadable where the data open to no card.
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
    _check_keepable(decision.card)
    method = add_presented_card(
        call, decision.card, type_="card_present", read_method=read.read_method
    )
    match decision:
        case Approved():
            reuse = Reuse(intent["customer"], allow_redisplay)
            details = _details(call, decision, read)
            return _kept(call, intent, method, details=details, reuse=reuse)
        case Declined():
            raise settle_failed(
                call,
                intent,
                method,
                declined=decision,
                code=_FAILURE,
                details=_attempt_details(None),
            )
        case _:
            assert_never(decision)


def _check_keepable(card: PresentedCard) -> None:
    if card.brand in NOT_KEPT:
        raise InvalidRequest(
            f"Cards of {card.brand} cannot be saved by a SetupIntent.",
            code="setup_intent_invalid_parameter",
        )
    if card.cardholder_verification_method == "approval":
        raise InvalidRequest(
            "Mobile wallets cannot be saved by a SetupIntent. Ask for the card itself.",
            code="setup_intent_mobile_wallet_unsupported",
        )


def _kept(
    call: Call,
    intent: SetupIntent,
    method: PaymentMethod,
    *,
    details: CardPresentDetails,
    reuse: Reuse,
) -> SetupIntent:
    attempt_id = call.new_id(SETUP_ATTEMPTS)
    generated = add_generated_card(call, details, reuse, setup_attempt=attempt_id)
    return settle_succeeded(
        call,
        intent,
        method,
        attempt_id=attempt_id,
        details=_attempt_details(generated),
    )


def _details(call: Call, decision: Approved, read: CardRead) -> CardPresentDetails:
    reading = Reading(
        type="card_present",
        read_method=read.read_method,
        reader=read.reader,
        location=read.location,
        capture_before=None,
        network_transaction_id=call.ids.network_transaction(),
    )
    return payment_method_details(decision, reading, amount=_AMOUNT)["card_present"]


def _attempt_details(generated_card: str | None) -> Mapping[str, Any]:
    return {
        "card_present": {"generated_card": generated_card, "offline": None},
        "type": "card_present",
    }
