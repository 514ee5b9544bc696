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
from simulator.stripe_api.resources.card_present import Reading
from simulator.stripe_api.resources.card_reads import CardRead
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.declines import error_details
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.generated_cards import (
    Reuse,
    add_generated_card,
)
from simulator.stripe_api.resources.money import check_chargeable
from simulator.stripe_api.resources.payment_intents.attempts import Attempt, add_charge
from simulator.stripe_api.resources.payment_intents.capture import capture_at_once
from simulator.stripe_api.resources.payment_intents.expiry import expire_uncaptured
from simulator.stripe_api.resources.payment_intents.fields import (
    PaymentIntent,
    save,
)
from simulator.stripe_api.resources.payment_intents.states import (
    TRANSITIONS,
    Step,
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
    cannot be charged, CardDataUnreadable where the data open to no card.
    """
    agreed = intent if purchase is None else _with_tip_told(intent, purchase.tip)
    purchase = purchase or Purchase()
    check_chargeable(agreed["amount"], agreed["currency"])
    decision = issuer.authorize(_request(agreed, read))
    method = purchase.method or add_presented_card(
        call, decision.card, type_=read.type, read_method=read.read_method
    )
    reading = _reading(call, intent, read, card=decision.card)
    charge = add_charge(call, agreed, Attempt(decision, reading, method))
    match decision:
        case Approved():
            charge = _with_generated_card(
                call, agreed, charge, allow_redisplay=purchase.allow_redisplay
            )
            return _approved(call, agreed, charge, read=reading)
        case Declined():
            raise _declined(call, intent, charge, declined=decision, method=method)
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
    """As `with_tip`, and where nobody was asked the tip's amount says so by null."""
    if tip is not None:
        return with_tip(intent, tip)
    told = intent.copy()
    told["amount_details"] = {**intent["amount_details"], "tip": {"amount": None}}
    return told


def _reading(
    call: Call, intent: PaymentIntent, read: CardRead, *, card: PresentedCard
) -> Reading:
    held = is_held(intent, network=card.network)
    return Reading(
        type=read.type,
        read_method=read.read_method,
        reader=read.reader,
        location=read.location,
        capture_before=call.now + hold_s(intent, brand=card.brand) if held else None,
        network_transaction_id=call.ids.digits(15),
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


def _approved(
    call: Call, intent: PaymentIntent, charge: Charge, *, read: Reading
) -> PaymentIntent:
    capture_before = read.capture_before
    step = Step.PAY if capture_before is None else Step.AUTHORIZE
    if step is Step.PAY:
        charge = capture_at_once(call, intent, charge)
    approved = intent.copy()
    approved["status"] = TRANSITIONS[intent["status"], step]
    approved["last_payment_error"] = None
    approved["latest_charge"] = charge["id"]
    approved["payment_method"] = charge["payment_method"]
    approved["amount_capturable"] = charge["amount"] - charge["amount_captured"]
    approved["amount_received"] = charge["amount_captured"]
    save(call, approved)
    call.emit("charge.succeeded", charge)
    if capture_before is None:
        call.emit("payment_intent.succeeded", approved)
    else:
        call.emit("payment_intent.amount_capturable_updated", approved)
        expire_uncaptured(call, approved, after_s=capture_before - call.now)
    return approved


def _declined(
    call: Call,
    intent: PaymentIntent,
    charge: Charge,
    *,
    declined: Declined,
    method: PaymentMethod,
) -> CardError:
    details = {
        **error_details(declined, charge_id=charge["id"]),
        "payment_method": method,
    }
    failed = intent.copy()
    failed["status"] = TRANSITIONS[intent["status"], Step.DECLINE]
    failed["last_payment_error"] = {**details, "type": CardError.type}
    failed["latest_charge"] = charge["id"]
    failed["payment_method"] = None
    save(call, failed)
    call.emit("charge.failed", charge)
    call.emit("payment_intent.payment_failed", failed)
    return CardError({**details, "payment_intent": failed})
