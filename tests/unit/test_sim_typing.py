"""What is typed and touched at any simulated reader: digits, tips, amounts."""

from __future__ import annotations

import pytest

from simulator.errors import ControlRefused
from simulator.reader.amounts import amount_line
from simulator.reader.tip_screen import (
    CUSTOM_BUTTON,
    NO_TIP_BUTTON,
    amount_button,
    button_named,
    labels,
    percent_button,
)
from simulator.reader.typed_digits import TypedDigits

DOLLARS, YEN = 840, 392


def typed(keys: str, *, least: int = 4, most: int = 6) -> TypedDigits:
    digits = TypedDigits(least, most)
    for key in keys:
        digits = digits.pressed(key)
    return digits


def test_typed_digits_are_shown_as_stars_only() -> None:
    digits = typed("4242")

    assert digits.masked == "****"
    assert digits.value == "4242"
    assert "4242" not in repr(digits)


def test_clear_begins_anew() -> None:
    assert typed("12").pressed("clear").value == ""


def test_too_few_digits_are_not_enough_and_too_many_are_refused() -> None:
    assert not typed("123").is_enough
    assert typed("1234").is_enough
    with pytest.raises(ControlRefused, match="no more than 6 digits"):
        typed("1234567")


def test_a_key_that_types_nothing_is_refused() -> None:
    with pytest.raises(ControlRefused, match="'cancel' does nothing"):
        typed("").pressed("cancel")


@pytest.mark.parametrize(
    ("percent", "amount", "tip"), [(15, 1000, 150), (15, 1003, 150), (18, 1025, 185)]
)
def test_a_percentage_is_rounded_to_the_nearest_minor_unit(
    percent: int, amount: int, tip: int
) -> None:
    button = percent_button(percent, of_amount=amount)

    assert (button.label, button.tip) == (f"{percent}%", tip)


def test_a_button_is_found_by_what_it_reads() -> None:
    fixed = amount_button(250, currency_code=DOLLARS)
    buttons = (fixed, CUSTOM_BUTTON, NO_TIP_BUTTON)

    assert labels(buttons) == ("2.50 USD", "CUSTOM", "NO TIP")
    assert button_named("2.50 USD", buttons) == fixed
    assert button_named("20%", buttons) is None


def test_amounts_read_as_their_currency_is_written() -> None:
    assert amount_line(5, DOLLARS) == "0.05 USD"
    assert amount_line(500, YEN) == "500 JPY"
    assert amount_line(500, 999) == "5.00 999"
