"""The texts a MagTek reader shows, as they read on its screen."""

from __future__ import annotations

from drivers.protocol.currency import CURRENCIES
from drivers.protocol.magtek_mms.commands import StringId

_WORDED_OTHERWISE = {
    StringId.AMOUNT_OK: "AMOUNT OK?",
    StringId.CARD_READ_OK_REMOVE: "CARD READ OK, REMOVE CARD",
    StringId.INSERT_OR_SWIPE: "INSERT OR SWIPE CARD",
    StringId.PRESENT_ONE_CARD_ONLY: "PRESENT ONE CARD ONLY",
    StringId.APPROVED_SIGN: "APPROVED, PLEASE SIGN",
    StringId.INSERT_CARD_INSTEAD: "INSERT CARD",
    StringId.NONE: "",
}
_BY_NUMBER = {
    currency.numeric: (code.upper(), currency.exponent)
    for code, currency in CURRENCIES.items()
}


def text_of(string_id: StringId) -> str:
    """The stored text, in English."""
    return _WORDED_OTHERWISE.get(string_id, string_id.name.replace("_", " "))


def amount_line(amount: int, currency_code: int) -> str:
    """An amount of ISO 4217 minor units for people, such as `12.34 USD`."""
    name, exponent = _BY_NUMBER.get(currency_code, (f"{currency_code:03d}", 2))
    if exponent == 0:
        return f"{amount} {name}"
    whole, fraction = divmod(amount, 10**exponent)
    return f"{whole}.{fraction:0{exponent}d} {name}"
