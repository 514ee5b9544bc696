"""A receipt's content, as values. Pure; how it looks is for the modules beside it.

What must be on it: EMV's application name and AID, the masked card, how it was read,
how the cardholder was verified, and what the issuer said. What must never be: the full
card number, its expiry, the cardholder's name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from agent.money import Amount
from agent.stripe_api.objects import Json, JsonObject


class Copy(StrEnum):
    """Who keeps this copy; only the merchant's is signed."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"


class ReceiptOutcome(StrEnum):
    """What the charge has come to, as Stripe has it now."""

    APPROVED = "approved"
    DECLINED = "declined"
    REFUNDED = "refunded"
    """Taken and given back, in full or in part."""
    REVERSED = "reversed"
    """Authorised, and released without being taken."""


@dataclass(frozen=True, slots=True)
class CardDetails:
    """Stripe's `card_present` details with their `receipt`; None where it has none."""

    brand: str | None = None
    last4: str | None = None
    read_method: str | None = None
    application_preferred_name: str | None = None
    dedicated_file_name: str | None = None
    """The AID."""
    application_cryptogram: str | None = None
    terminal_verification_results: str | None = None
    transaction_status_information: str | None = None
    authorization_code: str | None = None
    authorization_response_code: str | None = None
    cardholder_verification_method: str | None = None
    account_type: str | None = None


SIGNED = frozenset({"offline_pin_and_signature", "signature"})
"""The verification methods that leave a signature."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One attempt to pay, as it is printed for the customer and the merchant."""

    merchant: str | None
    at: datetime
    """Aware; printed in this zone."""
    reader_id: str
    payment_intent: str
    outcome: ReceiptOutcome
    total: Amount
    """With the tip."""
    tip: Amount | None
    refunded: Amount | None
    """What was given back of the total; None where nothing was."""
    is_captured: bool
    """False for an authorisation, whose money is not taken yet."""
    failure_message: str | None
    card: CardDetails

    @property
    def is_signed(self) -> bool:
        """Whether the cardholder signs the merchant's copy."""
        method = self.card.cardholder_verification_method
        return self.outcome is ReceiptOutcome.APPROVED and method in SIGNED


def receipt_object(receipt: Receipt, *, copy: Copy) -> JsonObject:
    """The receipt for programs that print it themselves; amounts in minor units."""
    card: dict[str, Json] = asdict(receipt.card)
    return {
        "copy": copy.value,
        "outcome": receipt.outcome.value,
        "merchant": receipt.merchant,
        "created": int(receipt.at.timestamp()),
        "reader": receipt.reader_id,
        "payment_intent": receipt.payment_intent,
        "currency": receipt.total.currency,
        "amount": receipt.total.minor,
        "amount_tip": None if receipt.tip is None else receipt.tip.minor,
        "amount_refunded": 0 if receipt.refunded is None else receipt.refunded.minor,
        "captured": receipt.is_captured,
        "failure_message": receipt.failure_message,
        "signature_required": receipt.is_signed,
        "card": card,
    }
