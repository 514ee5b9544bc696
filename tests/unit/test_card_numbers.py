"""Card numbers suspected in any bytes, and hidden in texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.protocol.card_numbers import (
    masked,
    may_show_a_card_number,
    without_card_number,
)

NUMBERS = ["4242424242424242", "378282246310005", "6011111111111117", "36227206271667"]


@pytest.mark.parametrize("number", NUMBERS)
@given(before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_number_is_suspected_wherever_it_stands(
    number: str, before: bytes, after: bytes
) -> None:
    packed = bytes.fromhex(number + "F" * (len(number) % 2))

    assert may_show_a_card_number(before + number.encode() + after)
    assert may_show_a_card_number(before + packed + after)


@pytest.mark.parametrize("number", NUMBERS)
def test_number_is_suspected_between_other_digits(number: str) -> None:
    track = f"{number}D25121010000012300000F"
    shifted = f"0{track}"

    assert may_show_a_card_number(bytes.fromhex(track + "F" * (len(track) % 2)))
    assert may_show_a_card_number(bytes.fromhex(shifted + "F" * (len(shifted) % 2)))
    assert may_show_a_card_number(" ".join(number).encode())


@pytest.mark.parametrize(
    "value", [b"", bytes.fromhex("000000001234"), bytes.fromhex("FFFF9876543210E00001")]
)
def test_what_readers_often_say_is_not_suspected(value: bytes) -> None:
    assert not may_show_a_card_number(value)
    assert without_card_number(value) == value


@pytest.mark.parametrize("text", [b"B1234567", b"1000007408-A1", b"424242******4242"])
def test_short_text_of_digits_is_not_suspected_where_it_is_one(text: bytes) -> None:
    assert without_card_number(text, is_text=True) == text


def test_suspected_value_is_blanked_in_its_own_length() -> None:
    assert without_card_number(b"4242424242424242") == bytes(16)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            ";4242424242424242=25121010000012300000?",
            ";424242******4242=********************?",
        ),
        (
            "%B4242424242424242^DOE/JANE^2512101?",
            "%B424242******4242^***/****^*******?",
        ),
        (";424242******4242=****?", ";424242******4242=****?"),
        ("%B3782 822463 10005^DOE", "%***** ****** *****^***"),
        ("PRESENT CARD", "PRESENT CARD"),
        ("12.34 USD", "12.34 USD"),
        ("", ""),
    ],
)
def test_number_in_a_text_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text(alphabet="0123456789=^;%B ?*", max_size=60))
def test_masked_text_shows_no_number(text: str) -> None:
    shown = masked(text).encode()

    assert not may_show_a_card_number(shown, is_text=True)
