"""What stands on a receipt, line by line, whatever it is printed on. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.money import Amount
from agent.receipts.receipt import CardDetails, Copy, Receipt, ReceiptOutcome

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


@dataclass(frozen=True, slots=True)
class Centered:
    """A line in the middle."""

    text: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A name at the left and its value at the right."""

    name: str
    value: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line from edge to edge."""


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """Room for the cardholder's signature."""


Line = Centered | Pair | Rule | SignatureLine


def lines_of(receipt: Receipt, *, copy: Copy) -> Iterator[Line]:
    """The whole receipt from top to bottom."""
    if receipt.merchant is not None:
        yield Centered(receipt.merchant, is_strong=True)
    is_sale = receipt.is_captured or receipt.outcome is ReceiptOutcome.DECLINED
    yield Centered("SALE" if is_sale else "AUTHORIZATION")
    yield Centered(receipt.at.strftime("%Y-%m-%d %H:%M:%S %Z"))
    yield Rule()
    yield Pair("Reader", receipt.reader_id)
    yield Pair("Payment", receipt.payment_intent)
    yield Rule()
    yield from _amounts(receipt)
    yield Rule()
    yield from _card(receipt.card)
    yield Rule()
    yield Centered(receipt.outcome.value.upper(), is_strong=True)
    if receipt.failure_message is not None:
        yield Centered(receipt.failure_message)
    if receipt.is_signed and copy is Copy.MERCHANT:
        yield SignatureLine()
    yield Centered(f"{copy.value.upper()} COPY")


def _amounts(receipt: Receipt) -> Iterator[Pair]:
    if receipt.tip is not None:
        without_tip = receipt.total.minor - receipt.tip.minor
        yield Pair("Amount", str(Amount(without_tip, receipt.total.currency)))
        yield Pair("Tip", str(receipt.tip))
    yield Pair("TOTAL", str(receipt.total), is_strong=True)
    if receipt.refunded is not None:
        released = receipt.outcome is ReceiptOutcome.REVERSED
        yield Pair("Released" if released else "Refunded", str(receipt.refunded))


def _card(card: CardDetails) -> Iterator[Pair]:
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
            yield Pair(name, value)


def _account(account_type: str | None) -> str | None:
    return None if account_type in (None, "unknown") else account_type.upper()
