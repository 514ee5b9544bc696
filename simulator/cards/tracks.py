"""The magnetic stripe of a virtual card, and the chip's equivalent of it (ISO 7813)."""

from __future__ import annotations

from simulator.cards.card import Card

_DISCRETIONARY = "1234567890"


def track_1(card: Card) -> str:
    """Track 1 with its sentinels."""
    name = card.cardholder_name
    return f"%B{card.account.number}^{name}^{_expiry(card)}{_trailer(card)}?"


def track_2(card: Card) -> str:
    """Track 2 with its sentinels."""
    return f";{card.account.number}={_expiry(card)}{_trailer(card)}?"


def track_2_equivalent(card: Card) -> bytes:
    """Tag 57: track 2 without sentinels, `D` for `=`, an odd count filled with F."""
    digits = f"{card.account.number}D{_expiry(card)}{_trailer(card)}"
    return bytes.fromhex(digits if len(digits) % 2 == 0 else f"{digits}F")


def masked_track_2(card: Card) -> str:
    """Track 2 as an encrypting reader shows it: issuer number, last four, expiry."""
    account = card.account
    hidden = "0" * (len(account.number) - len(account.iin) - len(account.last4))
    trailer = card.service_code + "0" * len(_DISCRETIONARY)
    return f";{account.iin}{hidden}{account.last4}={_expiry(card)}{trailer}?"


def number_in_track_2(track: str) -> str:
    """The PAN in what `track_2` made; raises ValueError for anything else."""
    number, separator, _ = track.removeprefix(";").partition("=")
    if not separator or not number.isdecimal():
        raise ValueError("not a track 2")
    return number


def _expiry(card: Card) -> str:
    return f"{card.account.exp_year % 100:02d}{card.account.exp_month:02d}"


def _trailer(card: Card) -> str:
    return card.service_code + _DISCRETIONARY
