"""What a reader shows of a card before anybody was asked about it. Pure.

Brand, last four digits and expiry, out of the masked track; a PAN is never in there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

UNKNOWN = "unknown"

_ISSUERS: tuple[tuple[range, str], ...] = (
    # First six digits of the number, in Stripe's words for brands.
    (range(300000, 306000), "diners"),
    (range(309500, 309600), "diners"),
    (range(340000, 350000), "amex"),
    (range(352800, 359000), "jcb"),
    (range(360000, 370000), "diners"),
    (range(370000, 380000), "amex"),
    (range(380000, 400000), "diners"),
    (range(400000, 500000), "visa"),
    (range(222100, 272100), "mastercard"),
    (range(510000, 560000), "mastercard"),
    (range(601100, 601200), "discover"),
    (range(620000, 630000), "unionpay"),
    (range(644000, 660000), "discover"),
    (range(810000, 820000), "unionpay"),
)
_PREFIX = 6
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class ShownCard:
    """What is known of a collected card; None where the reader hides it."""

    brand: str = UNKNOWN
    """By its number alone: of two brands on one number, the international one."""
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


def shown_card(masked_track_2: str | None) -> ShownCard:
    """The card of which a reader shows this much, or nothing."""
    number, _, rest = (masked_track_2 or "").lstrip(";").partition("=")
    last4 = number[-_SHOWN:]
    if len(number) <= _PREFIX + _SHOWN or not last4.isdecimal():
        return ShownCard()
    year, month = rest[:2], rest[2:4]
    is_dated = year.isdecimal() and month.isdecimal() and 1 <= int(month) <= 12
    return ShownCard(
        brand=_brand(number[:_PREFIX]),
        last4=last4,
        exp_month=int(month) if is_dated else None,
        exp_year=2000 + int(year) if is_dated else None,
    )


def _brand(prefix: str) -> str:
    """Readers show four to six digits; what they hide must not matter."""
    shown = "".join(takewhile(str.isdecimal, prefix))
    first = int(shown.ljust(_PREFIX, "0"))
    last = int(shown.ljust(_PREFIX, "9"))
    for numbers, brand in _ISSUERS:
        if first in numbers and last in numbers:
            return brand
    return UNKNOWN
