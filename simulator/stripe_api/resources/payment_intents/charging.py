"""Charging a card that a reader has read: the issuer's answer, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from simulator.emv.authorization import (
    Approved,
    AuthorizationRequest,
    Declined,
    Issuer,
    PresentedCard,
)
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import Reading, payment_method_details
from simulator.stripe_api.resources.card_reads import (
    CardRead,
    card_type,
    not_allowed,
)
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.generated_cards import (
    Reuse,
    add_generated_card,
)
from simulator.stripe_api.resources.money import check_chargeable
from simulator.stripe_api.resources.payment_intents.attempts import Attempt, add_charge
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.payment_intents.settling import (
    settle_approved,
    settle_declined,
)
from simulator.stripe_api.resources.payment_intents.terms import (
    hold_s,
    is_held,
    may_be_overcaptured,
    may_be_raised,
)
from simulator.stripe_api.resources.payment_methods import (
    PaymentMethod,
    add_presented_card,
)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is agreed with the cardholder beyond the intent itself."""

    tip: int | None = None
    """Chosen on the reader, in minor units; None where nobody was asked."""
    method: PaymentMethod | None = None
    """The card's payment method, where it was collected before."""
    allow_redisplay: str = "unspecified"


def charge_card(
    call: Call,
    intent: PaymentIntent,
    read: CardRead,
    *,
    issuer: Issuer,
    purchase: Purchase | None = None,
) -> PaymentIntent:
    """Ask the issuer and store what follows; the intent's status must allow it.

    Raises CardError where the issuer declines, InvalidRequest for an amount that
    cannot be charged or a card that the intent does not take, CardDataUnreadable where
    the data open to no card.
    """
    agreed = intent if purchase is None else _with_tip_told(intent, purchase.tip)
    purchase = purchase or Purchase()
    check_chargeable(agreed["amount"], agreed["currency"])
    decision = issuer.authorize(_request(agreed, read))
    type_ = read.type or _type_taken(intent, decision.card)
    method = purchase.method or add_presented_card(
        call,
        decision.card,
        type_=type_,
        read_method=read.read_method,
        offline=read.offline,
    )
    reading = _reading(call, intent, read, type_=type_, card=decision.card)
    details = payment_method_details(decision, reading, amount=agreed["amount"])
    charge = add_charge(call, agreed, Attempt(decision, details, method))
    match decision:
        case Approved():
            charge = _with_generated_card(
                call, agreed, charge, allow_redisplay=purchase.allow_redisplay
            )
            return settle_approved(
                call, agreed, charge, capture_before=reading.capture_before
            )
        case Declined():
            raise settle_declined(
                call, intent, charge, declined=decision, method=method
            )
        case _:
            assert_never(decision)


def with_tip(intent: PaymentIntent, tip: int | None) -> PaymentIntent:
    """The intent with a tip in its amount; unchanged where nobody was asked."""
    if tip is None:
        return intent
    tipped = intent.copy()
    tipped["amount"] += tip
    tipped["amount_details"] = {**intent["amount_details"], "tip": {"amount": tip}}
    return tipped


def _request(intent: PaymentIntent, read: CardRead) -> AuthorizationRequest:
    return AuthorizationRequest(
        ciphertext=read.ciphertext,
        ksn=read.ksn,
        read_method=read.read_method,
        amount=intent["amount"],
        currency=intent["currency"],
    )


def _with_tip_told(intent: PaymentIntent, tip: int | None) -> PaymentIntent:
    """As `with_tip`, and where nobody was asked the tip's amount says so by null.

    A tip that the intent has already stays what it is.
    """
    if tip is not None:
        return with_tip(intent, tip)
    told = intent.copy()
    agreed = intent["amount_details"].get("tip") or {"amount": None}
    told["amount_details"] = {**intent["amount_details"], "tip": agreed}
    return told


def _type_taken(intent: PaymentIntent, card: PresentedCard) -> str:
    allowed = intent["payment_method_types"]
    type_ = card_type(card.brand)
    if type_ not in allowed:
        raise not_allowed(
            type_,
            allowed=allowed,
            intent="PaymentIntent",
            code="payment_intent_invalid_parameter",
        )
    return type_


def _reading(
    call: Call,
    intent: PaymentIntent,
    read: CardRead,
    *,
    type_: str,
    card: PresentedCard,
) -> Reading:
    held = is_held(intent, network=card.network)
    return Reading(
        type=type_,
        read_method=read.read_method,
        reader=read.reader,
        location=read.location,
        capture_before=call.now + hold_s(intent, brand=card.brand) if held else None,
        network_transaction_id=call.ids.network_transaction(),
        offline=read.offline,
        is_incremental=held and may_be_raised(intent, brand=card.brand),
        is_overcapturable=held and may_be_overcaptured(intent, brand=card.brand),
    )


def _with_generated_card(
    call: Call, intent: PaymentIntent, charge: Charge, *, allow_redisplay: str
) -> Charge:
    """The charge with the card for later, where the intent asks for one."""
    details = charge["payment_method_details"].get("card_present")
    if intent["setup_future_usage"] is None or details is None:
        return charge
    generated = details.copy()
    generated["generated_card"] = add_generated_card(
        call, details, Reuse(intent["customer"], allow_redisplay), charge=charge["id"]
    )
    kept = charge.copy()
    kept["payment_method_details"] = {
        "card_present": generated,
        "type": "card_present",
    }
    call.store.of(CHARGES).put(kept)
    return kept
