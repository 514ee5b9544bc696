"""Amounts as a reader's screen shows them."""

from __future__ import annotations

from drivers.protocol.currency import CURRENCIES

_BY_NUMBER = {
    currency.numeric: (code.upper(), currency.exponent)
    for code, currency in CURRENCIES.items()
}


def amount_line(amount: int, currency_code: int) -> str:
    """An amount of ISO 4217 minor units for people, such as `12.34 USD`."""
    name, exponent = _BY_NUMBER.get(currency_code, (f"{currency_code:03d}", 2))
    if exponent == 0:
        return f"{amount} {name}"
    whole, fraction = divmod(amount, 10**exponent)
    return f"{whole}.{fraction:0{exponent}d} {name}"
