"""What a charge tells about the card a reader read: Stripe's card_present details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from simulator.emv.authorization import Approved, Declined, PresentedCard


class Receipt(TypedDict):
    """What a receipt must print about the card's application."""

    account_type: str
    application_cryptogram: str | None
    application_preferred_name: str | None
    authorization_code: str | None
    authorization_response_code: str | None
    cardholder_verification_method: str | None
    dedicated_file_name: str | None
    terminal_verification_results: str | None
    transaction_status_information: str | None


class CardPresentDetails(TypedDict):
    """Stripe's `payment_method_details.card_present`."""

    amount_authorized: int | None
    brand: str
    brand_product: str | None
    capture_before: NotRequired[int]
    cardholder_name: str | None
    country: str
    description: str | None
    emv_auth_data: str | None
    exp_month: int
    exp_year: int
    fingerprint: str
    funding: str
    generated_card: str | None
    iin: str | None
    incremental_authorization_supported: bool
    issuer: str | None
    last4: str
    location: NotRequired[str]
    network: str
    network_transaction_id: str | None
    offline: Mapping[str, object] | None
    overcapture_supported: bool
    preferred_locales: list[str]
    read_method: str
    reader: NotRequired[str]
    receipt: Receipt


class PaymentMethodDetails(TypedDict):
    """Stripe's `payment_method_details`, with one member beside its type."""

    card: NotRequired[Mapping[str, Any]]
    """Of a card that was typed in."""
    card_present: NotRequired[CardPresentDetails]
    interac_present: NotRequired[Mapping[str, Any]]
    """As card_present, without what a single-message network does not know."""
    type: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a card was read, and where the authorization stands in time."""

    type: str
    """`card_present` or `interac_present`."""
    read_method: str
    reader: str | None
    """The reader's id; None where the caller did not say."""
    location: str | None
    """Of the reader, where that is known."""
    capture_before: int | None
    """Unix time until which a manual capture is possible; None where it is done."""
    network_transaction_id: str
    offline: Mapping[str, object] | None = None
    """When it was stored, where it was read without network and forwarded later."""
    is_incremental: bool = False
    """Whether the authorized amount may be raised later."""
    is_overcapturable: bool = False
    """Whether more than the authorized amount may be captured."""


_ACCOUNT_TYPES: Mapping[str, str] = {
    "credit": "credit",
    "debit": "checking",
    "prepaid": "prepaid",
}
_NOT_OF_INTERAC = (
    *("amount_authorized", "brand_product", "capture_before"),
    *("incremental_authorization_supported", "offline", "overcapture_supported"),
)


def payment_method_details(
    decision: Approved | Declined, reading: Reading, *, amount: int
) -> PaymentMethodDetails:
    """The details for a charge of `amount`, approved or declined."""
    details = _details(decision, reading, amount=amount)
    if reading.capture_before is not None and isinstance(decision, Approved):
        details["capture_before"] = reading.capture_before
    if reading.reader is not None:
        details["reader"] = reading.reader
    if reading.location is not None:
        details["location"] = reading.location
    if reading.type == "interac_present":
        known = {k: v for k, v in details.items() if k not in _NOT_OF_INTERAC}
        return {"interac_present": known, "type": "interac_present"}
    return {"card_present": details, "type": "card_present"}


def _details(
    decision: Approved | Declined, reading: Reading, *, amount: int
) -> CardPresentDetails:
    card = decision.card
    is_approved = isinstance(decision, Approved)
    return {
        "amount_authorized": amount if is_approved else None,
        "brand": card.brand,
        "brand_product": None,
        "cardholder_name": card.cardholder_name,
        "country": card.country,
        "description": card.description,
        "emv_auth_data": decision.emv_auth_data,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_card": None,
        "iin": card.iin,
        "incremental_authorization_supported": reading.is_incremental and is_approved,
        "issuer": card.issuer,
        "last4": card.last4,
        "network": card.network,
        "network_transaction_id": (
            reading.network_transaction_id if is_approved else None
        ),
        "offline": reading.offline,
        "overcapture_supported": reading.is_overcapturable and is_approved,
        "preferred_locales": [],
        "read_method": reading.read_method,
        "receipt": _receipt(decision, card),
    }


def _receipt(decision: Approved | Declined, card: PresentedCard) -> Receipt:
    return {
        "account_type": _ACCOUNT_TYPES.get(card.funding, "unknown"),
        "application_cryptogram": card.application_cryptogram,
        "application_preferred_name": card.application_preferred_name,
        "authorization_code": (
            decision.authorization_code if isinstance(decision, Approved) else None
        ),
        "authorization_response_code": decision.response_code,
        "cardholder_verification_method": card.cardholder_verification_method,
        "dedicated_file_name": card.dedicated_file_name,
        "terminal_verification_results": card.terminal_verification_results,
        "transaction_status_information": card.transaction_status_information,
    }
