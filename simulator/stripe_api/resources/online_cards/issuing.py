"""What the bank of a test card says to a charge, and what the charge tells about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulator.emv.authorization import Approved, Declined, PresentedCard
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import PaymentMethodDetails
from simulator.stripe_api.resources.online_cards.published_cards import (
    Refusal,
    card_with_fingerprint,
)
from simulator.stripe_api.resources.payment_methods import PaymentMethod

_EXPIRED = Refusal("expired_card", "expired_card", "54")


def ask_issuer(call: Call, method: PaymentMethod) -> Approved | Declined:
    """Approve or decline a `card` payment method; cards from elsewhere are good."""
    card = method["card"]
    test_card = card_with_fingerprint(card.get("fingerprint"))
    refusal = None if test_card is None else test_card.refusal
    today = datetime.fromtimestamp(call.now, UTC)
    if (card["exp_year"], card["exp_month"]) < (today.year, today.month):
        refusal = _EXPIRED
    presented = _presented(method)
    if refusal is None:
        return Approved(presented, call.ids.digits(6), "00", None)
    return Declined(
        presented, refusal.code, refusal.decline_code, refusal.response_code, None
    )


def card_details(
    call: Call,
    method: PaymentMethod,
    decision: Approved | Declined,
    *,
    amount: int,
    capture_before: int | None,
) -> PaymentMethodDetails:
    """The charge's `payment_method_details`."""
    card = method["card"]
    is_approved = isinstance(decision, Approved)
    transaction = call.ids.network_transaction() if is_approved else None
    details: dict[str, Any] = {
        "amount_authorized": amount if is_approved else None,
        "authorization_code": (
            decision.authorization_code if isinstance(decision, Approved) else None
        ),
        "brand": card["brand"],
        "checks": _checked(card.get("checks") or {}, decision),
        "country": card.get("country"),
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card.get("fingerprint"),
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": transaction,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": card.get("regulated_status"),
        "three_d_secure": None,
        "wallet": None,
    }
    if capture_before is not None and is_approved:
        details["capture_before"] = capture_before
    return {"card": details, "type": "card"}


def _checked(checks: Any, decision: Approved | Declined) -> dict[str, Any]:
    """The checks as the issuer made them; what was not typed in is not checked."""
    is_wrong = isinstance(decision, Declined) and decision.code == "incorrect_cvc"
    result = "fail" if is_wrong else "pass"
    return {name: result if found else None for name, found in checks.items()}


def _presented(method: PaymentMethod) -> PresentedCard:
    """The card as the issuer's answers hold it: nothing was read from a chip."""
    card = method["card"]
    return PresentedCard(
        brand=card["brand"],
        funding=card["funding"],
        country=card.get("country") or "US",
        last4=card["last4"],
        iin=card.get("iin") or "",
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
        fingerprint=card.get("fingerprint") or "",
        issuer=card.get("issuer") or "",
        description=card.get("description") or "",
        cardholder_name=method["billing_details"]["name"],
        network=card["brand"],
        dedicated_file_name=None,
        application_preferred_name=None,
        application_cryptogram=None,
        terminal_verification_results=None,
        transaction_status_information=None,
        cardholder_verification_method=None,
    )
