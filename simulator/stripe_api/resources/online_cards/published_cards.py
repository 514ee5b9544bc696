"""Stripe's published test cards for online payments, by number and by test id.

Numbers are compared and hashed, never stored: objects know a card by its fingerprint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.emv.presented_card import fingerprint_of

METHOD_PREFIX = "pm_card_"
TOKEN_PREFIX = "tok_"  # noqa: S105 - what Stripe's test ids start with


@dataclass(frozen=True, slots=True)
class Refusal:
    """How the issuer declines every charge of a card."""

    code: str
    """Stripe's error code."""
    decline_code: str
    response_code: str
    """ISO 8583, field 39."""


@dataclass(frozen=True, slots=True)
class TestCard:
    """One published test number, and what it does."""

    number: str = field(repr=False)
    names: str
    """What follows the prefix in test ids, the first being the usual one."""
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    refusal: Refusal | None = None

    @property
    def fingerprint(self) -> str:
        """Names the card without telling its number."""
        return fingerprint_of(self.number)

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]

    @property
    def iin(self) -> str:
        """The first six digits."""
        return self.number[:6]


def _declined(decline_code: str, response_code: str = "05") -> Refusal:
    return Refusal("card_declined", decline_code, response_code)


_BRANDS = (
    TestCard("4242424242424242", "visa us"),
    TestCard("4000056655665556", "visa_debit", funding="debit"),
    TestCard("5555555555554444", "mastercard", "mastercard"),
    TestCard("2223003122003222", "", "mastercard"),
    TestCard("5200828282828210", "mastercard_debit", "mastercard", "debit"),
    TestCard("5105105105105100", "mastercard_prepaid", "mastercard", "prepaid"),
    TestCard("378282246310005", "amex", "amex"),
    TestCard("371449635398431", "", "amex"),
    TestCard("6011111111111117", "discover", "discover"),
    TestCard("6011000990139424", "", "discover"),
    TestCard("3056930009020004", "diners", "diners"),
    TestCard("36227206271667", "", "diners"),
    TestCard("3566002020360505", "jcb", "jcb", country="JP"),
    TestCard("6200000000000005", "unionpay", "unionpay", country="CN"),
)
_COUNTRIES = (
    TestCard("4000000360000006", "au", country="AU"),
    TestCard("4000000400000008", "at", country="AT"),
    TestCard("4000000560000004", "be", country="BE"),
    TestCard("4000001240000000", "ca", country="CA"),
    TestCard("4000007560000009", "ch", country="CH"),
    TestCard("4000002760000016", "de", country="DE"),
    TestCard("4000002080000001", "dk", country="DK"),
    TestCard("4000007240000007", "es", country="ES"),
    TestCard("4000002460000001", "fi", country="FI"),
    TestCard("4000002500000003", "fr", country="FR"),
    TestCard("4000008260000000", "gb", country="GB"),
    TestCard("4000003720000005", "ie", country="IE"),
    TestCard("4000003800000008", "it", country="IT"),
    TestCard("4000003920000003", "jp", country="JP"),
    TestCard("4000005280000002", "nl", country="NL"),
    TestCard("4000005780000007", "no", country="NO"),
    TestCard("4000005540000008", "nz", country="NZ"),
    TestCard("4000007520000008", "se", country="SE"),
    TestCard("4000007020000003", "sg", country="SG"),
)
_APPROVED_SPECIALLY = (
    TestCard("4000000000005126", "refundFail"),
    TestCard("4000000000007726", "pendingRefund"),
    TestCard("4000000000000077", "bypassPending"),
    TestCard("4000003720000278", "bypassPendingInternational"),
)
_REFUSED = (
    TestCard(
        "4000000000000002",
        "visa_chargeDeclined chargeDeclined",
        refusal=_declined("generic_decline"),
    ),
    TestCard(
        "4000000000009995",
        "visa_chargeDeclinedInsufficientFunds chargeDeclinedInsufficientFunds",
        refusal=_declined("insufficient_funds", "51"),
    ),
    TestCard(
        "4000000000009987",
        "visa_chargeDeclinedLostCard",
        refusal=_declined("lost_card", "41"),
    ),
    TestCard(
        "4000000000009979",
        "visa_chargeDeclinedStolenCard",
        refusal=_declined("stolen_card", "43"),
    ),
    TestCard(
        "4000000000006975",
        "visa_chargeDeclinedVelocityLimitExceeded",
        refusal=_declined("card_velocity_exceeded", "65"),
    ),
    TestCard(
        "4000000000000069",
        "chargeDeclinedExpiredCard",
        refusal=Refusal("expired_card", "expired_card", "54"),
    ),
    TestCard(
        "4000000000000127",
        "chargeDeclinedIncorrectCvc",
        refusal=Refusal("incorrect_cvc", "incorrect_cvc", "N7"),
    ),
    TestCard(
        "4000000000000119",
        "chargeDeclinedProcessingError",
        refusal=Refusal("processing_error", "processing_error", "96"),
    ),
    TestCard(
        "4000000000000341",
        "chargeCustomerFail",
        refusal=_declined("generic_decline"),
    ),
    TestCard(
        "4000002760003184",
        "authenticationRequired",
        country="DE",
        refusal=Refusal("authentication_required", "authentication_required", "1A"),
    ),
)

_CARDS = (*_BRANDS, *_COUNTRIES, *_APPROVED_SPECIALLY, *_REFUSED)
_BY_NUMBER: Mapping[str, TestCard] = {card.number: card for card in _CARDS}
_BY_NAME: Mapping[str, TestCard] = {
    name: card for card in _CARDS for name in card.names.split()
}
_BY_FINGERPRINT: Mapping[str, TestCard] = {card.fingerprint: card for card in _CARDS}


def card_numbered(number: str) -> TestCard | None:
    """The test card with that number."""
    return _BY_NUMBER.get(number)


def card_of_test_id(test_id: str, prefix: str) -> TestCard | None:
    """The card that `pm_card_…` or `tok_…` stands for."""
    if not test_id.startswith(prefix):
        return None
    return _BY_NAME.get(test_id.removeprefix(prefix))


def card_with_fingerprint(fingerprint: str | None) -> TestCard | None:
    """The test card an object is about; None for a card from elsewhere."""
    return None if fingerprint is None else _BY_FINGERPRINT.get(fingerprint)
