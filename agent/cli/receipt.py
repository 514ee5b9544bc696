"""The customer's receipt of a card-present payment, as text. Pure.

What must be on it: EMV's application name and AID, the masked card, how it was read,
how the cardholder was verified, and what the issuer said. What must never be: the full
card number, its expiry, the cardholder's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.money import Amount

WIDTH = 40
RULE = "-" * WIDTH

ENTRY_MODES = {
    "contact_emv": "Chip inserted",
    "contactless_emv": "Contactless",
    "contactless_magstripe_mode": "Contactless stripe",
    "magnetic_stripe_fallback": "Swiped, chip failed",
    "magnetic_stripe_track2": "Swiped",
}
"""By Stripe's `read_method`."""

VERIFICATIONS = {
    "approval": "Verified",
    "failure": "Verification failed",
    "none": "No verification",
    "offline_pin": "PIN verified",
    "offline_pin_and_signature": "PIN verified and signature",
    "online_pin": "PIN verified",
    "signature": "Signature",
}
"""By Stripe's `cardholder_verification_method`."""

SIGNED = frozenset({"offline_pin_and_signature", "signature"})


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """An approved payment as the cardholder takes it home."""

    merchant: str | None
    at: datetime
    """Aware; printed in this zone."""
    reader_id: str
    payment_intent: str
    total: Amount
    """With the tip."""
    tip: Amount | None
    is_captured: bool
    card: CardDetails


def print_receipt(receipt: Receipt) -> str:
    """The whole receipt, `WIDTH` characters wide."""
    return "\n".join(line.rstrip() for line in _lines(receipt)) + "\n"


def _lines(receipt: Receipt) -> Iterator[str]:
    if receipt.merchant is not None:
        yield receipt.merchant[:WIDTH].center(WIDTH)
    yield ("SALE" if receipt.is_captured else "AUTHORIZATION").center(WIDTH)
    yield receipt.at.strftime("%Y-%m-%d %H:%M:%S %Z").center(WIDTH)
    yield RULE
    yield _pair("Reader", receipt.reader_id)
    yield _pair("Payment", receipt.payment_intent)
    yield RULE
    if receipt.tip is not None:
        without_tip = receipt.total.minor - receipt.tip.minor
        yield _pair("Amount", str(Amount(without_tip, receipt.total.currency)))
        yield _pair("Tip", str(receipt.tip))
    yield _pair("TOTAL", str(receipt.total))
    yield RULE
    yield from _card_lines(receipt.card)
    yield RULE
    yield "APPROVED".center(WIDTH)
    if receipt.card.cardholder_verification_method in SIGNED:
        yield ""
        yield "Signature ".ljust(WIDTH, "_")
    yield "CUSTOMER COPY".center(WIDTH)


def _card_lines(card: CardDetails) -> Iterator[str]:
    verification = card.cardholder_verification_method
    masked = None if card.last4 is None else f"**** **** **** {card.last4}"
    lines = {
        "Card": None if card.brand is None else card.brand.upper(),
        "Number": masked,
        "Entry": ENTRY_MODES.get(card.read_method or "", card.read_method),
        "Application": card.application_preferred_name,
        "AID": card.dedicated_file_name,
        "Account": _account(card.account_type),
        "Verification": VERIFICATIONS.get(verification or "", verification),
        "Authorization": card.authorization_code,
        "Response (ARC)": card.authorization_response_code,
        "Cryptogram": card.application_cryptogram,
        "TVR": card.terminal_verification_results,
        "TSI": card.transaction_status_information,
    }
    for name, value in lines.items():
        if value is not None:
            yield _pair(name, value)


def _account(account_type: str | None) -> str | None:
    return None if account_type in (None, "unknown") else account_type.upper()


def _pair(name: str, value: str) -> str:
    """Name to the left, value to the right; two lines where one is too short."""
    room = WIDTH - len(name) - 1
    if len(value) > room:
        return f"{name}\n{value.rjust(WIDTH)}"
    return f"{name} {value.rjust(room)}"
