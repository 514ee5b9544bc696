"""What may be told about a card that was read: Stripe's card_present details."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from drivers.protocol import emv
from drivers.protocol.tlv import Tlv, find_value
from simulator.cards.card import Account, Card
from simulator.emv.authorization import PresentedCard

_FINGERPRINT_KEY = b"cardlane-simulator-fingerprint"
_FINGERPRINT_LENGTH = 16
_DEVICE_VERIFIED = 0x80
_VERIFICATION_METHODS = {
    # CVM codes of EMV Book 4, A4, in Stripe's words.
    0x01: "offline_pin",
    0x02: "online_pin",
    0x03: "offline_pin_and_signature",
    0x04: "offline_pin",
    0x05: "offline_pin_and_signature",
    0x1E: "signature",
    0x1F: "none",
}


def presented_card(
    card: Card, objects: Iterable[Tlv], *, read_method: str
) -> PresentedCard:
    """Details of `card` as read; `objects` are the chip's, empty for a swipe."""
    account = card.account
    objects = tuple(objects)
    is_contactless = read_method == "contactless_emv"
    return PresentedCard(
        brand=account.brand,
        funding=account.funding,
        country=account.country,
        last4=account.last4,
        iin=account.iin,
        exp_month=account.exp_month,
        exp_year=account.exp_year,
        fingerprint=fingerprint(account),
        issuer=account.issuer,
        description=card.application.preferred_name,
        cardholder_name=None if is_contactless else card.cardholder_name,
        network=account.network,
        dedicated_file_name=_hex(objects, emv.DEDICATED_FILE_NAME),
        application_preferred_name=_text(objects, emv.APPLICATION_PREFERRED_NAME),
        application_cryptogram=_hex(objects, emv.APPLICATION_CRYPTOGRAM),
        terminal_verification_results=_hex(objects, emv.TERMINAL_VERIFICATION_RESULTS),
        transaction_status_information=_hex(
            objects, emv.TRANSACTION_STATUS_INFORMATION
        ),
        cardholder_verification_method=_verification_method(objects),
    )


def fingerprint(account: Account) -> str:
    """Names the account without telling its number: 16 letters and digits."""
    return fingerprint_of(account.number)


def fingerprint_of(number: str) -> str:
    """As `fingerprint`, of whatever account has this number."""
    digest = hmac.digest(_FINGERPRINT_KEY, number.encode(), hashlib.sha256)
    letters = base64.b64encode(digest, altchars=b"Xx").decode()
    return letters[:_FINGERPRINT_LENGTH]


def _verification_method(objects: tuple[Tlv, ...]) -> str | None:
    qualifiers = find_value(objects, emv.CARD_TRANSACTION_QUALIFIERS)
    if qualifiers and qualifiers[-1] & _DEVICE_VERIFIED:
        return "approval"
    results = find_value(objects, emv.CVM_RESULTS)
    return _VERIFICATION_METHODS.get(results[0] & 0x3F) if results else None


def _hex(objects: tuple[Tlv, ...], tag: int) -> str | None:
    value = find_value(objects, tag)
    return None if value is None else value.hex().upper()


def _text(objects: tuple[Tlv, ...], tag: int) -> str | None:
    value = find_value(objects, tag)
    return None if value is None else value.decode("latin-1")
