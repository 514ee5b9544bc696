"""Whether bytes of any origin may show a card number, and how to hide one in a text.

For what is kept although nobody has read it: it errs on the side of a number.
"""

from __future__ import annotations

import re

LEAST_DIGITS, MOST_DIGITS = 12, 19
_SHOWN_FIRST, _SHOWN_LAST = 6, 4
_AMOUNT_BYTES = 6
"""An amount may look like a card number of 12 digits, and is none."""
_RUN = re.compile(rf"\d{{{LEAST_DIGITS},}}")
_SEPARATOR = re.compile(r"[=^]")
_SIGN = re.compile(r"[^\W_]")
_ISSUER = re.compile(r"3[04-8]|4|5|6|2[2-7]|81")
"""How numbers of the brands that a till takes begin."""
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The sum of the digits of twice a digit (ISO/IEC 7812-1, annex B)."""


def may_show_a_card_number(value: bytes, *, is_text: bool = False) -> bool:
    """Whether a valid number stands in it, as text or packed two digits a byte.

    Where it `is_text`, and looks it, only the former: short texts of digits look like
    packed ones.
    """
    text = value.decode("latin-1").rstrip("\0")
    if _has_number(text.replace(" ", "")):
        return True
    is_readable = text.isascii() and text.isprintable()
    return not (is_text and is_readable) and _has_number(value.hex())


def without_card_number(value: bytes, *, is_text: bool = False) -> bytes:
    """The value itself, or as many zeros where it may show a card number."""
    suspected = may_show_a_card_number(value, is_text=is_text)
    return bytes(len(value)) if suspected else value


def shown(value: bytes, *, is_harmless: bool) -> bytes:
    """The value of a data object, or as many zeros where it is not harmless.

    Nor is it believed to be where it is longer than an amount and may show a number.
    """
    if not is_harmless:
        return bytes(len(value))
    return value if len(value) <= _AMOUNT_BYTES else without_card_number(value)


def masked(text: str) -> str:
    """The text with every number in it hidden but for its first six and last four.

    What follows the number on a track, such as a name and a date, is hidden altogether.
    """
    separator = _SEPARATOR.search(text)
    end = len(text) if separator is None else separator.end()
    number = _RUN.sub(_masked_run, text[:end])
    if _has_number(number.replace(" ", "")):  # Stripes of one brand have spaces in it.
        number = _SIGN.sub("*", number)
    return number + _SIGN.sub("*", text[end:])


def _masked_run(run: re.Match[str]) -> str:
    digits = run[0]
    hidden = len(digits) - _SHOWN_FIRST - _SHOWN_LAST
    return digits[:_SHOWN_FIRST] + "*" * hidden + digits[-_SHOWN_LAST:]


def _has_number(text: str) -> bool:
    return any(_begins_number(run[0]) for run in _RUN.finditer(text))


def _begins_number(digits: str) -> bool:
    starts = range(len(digits) - LEAST_DIGITS + 1)
    return any(
        _is_number_at(digits[start : start + MOST_DIGITS])
        for start in starts
        if _ISSUER.match(digits, start)
    )


def _is_number_at(digits: str) -> bool:
    """Whether the first 12 to 19 of the digits are valid by themselves."""
    # Two sums, since which digits are doubled depends on where the number ends.
    even = odd = 0
    for index, digit in enumerate(map(int, digits), start=1):
        even, odd = odd + digit, even + _DOUBLED[digit]
        if index >= LEAST_DIGITS and even % 10 == 0:
            return True
    return False
