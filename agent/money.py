"""Amounts as people write them and as Stripe counts them. No float, no rounding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

# https://docs.stripe.com/currencies: ISK and UGX have no minor unit any more, but
# Stripe goes on counting them in hundredths.
_WITHOUT_DECIMALS = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd"}
    | {"vuv", "xaf", "xof", "xpf"}
)
_WITH_THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})

_WRITTEN = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?\s+([A-Za-z]{3})", re.ASCII)


class AmountInvalid(ValueError):
    """Text that is not an amount of money; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So many minor units of a currency: `Amount(1234, "usd")`."""

    minor: int
    """Cents, or whatever the currency's smallest unit is, as Stripe counts it."""
    currency: str
    """ISO 4217 alphabetic, lower case, as Stripe writes it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """`12.34 usd` or `500 JPY`; AmountInvalid where a digit would be lost."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise AmountInvalid(f"{text!r} is not an amount; write it as 12.34 usd")
        whole, fraction, currency = match[1], match[2] or "", match[3].lower()
        places = decimals(currency)
        if len(fraction) > places:
            raise AmountInvalid(
                f"{text!r} has too many decimals; {currency} has {places or 'none'}"
            )
        return cls(int(whole + fraction.ljust(places, "0")), currency)

    def __str__(self) -> str:
        """`12.34 USD`: for people, with all decimals."""
        places = decimals(self.currency)
        sign = "-" if self.minor < 0 else ""
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
        point = "." if fraction else ""
        return f"{sign}{whole}{point}{fraction} {self.currency.upper()}"


def decimals(currency: str) -> int:
    """How many decimals Stripe gives the currency: 0, 2 or 3."""
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE_DECIMALS else 2
