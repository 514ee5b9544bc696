"""Amounts: as people write them, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.money import Amount, AmountInvalid


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("12.34 usd", 1234, "usd"),
        ("12.3 usd", 1230, "usd"),
        ("12 usd", 1200, "usd"),
        ("0.01 EUR", 1, "eur"),
        ("500 jpy", 500, "jpy"),
        ("1.005 bhd", 1005, "bhd"),
        ("1 bhd", 1000, "bhd"),
        ("8 isk", 800, "isk"),
        ("  7.00  chf ", 700, "chf"),
        ("0.29 usd", 29, "usd"),
    ],
)
def test_an_amount_is_read_to_the_last_digit(
    text: str, minor: int, currency: str
) -> None:
    assert Amount.parse(text) == Amount(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12.34",
        "usd",
        "12,34 usd",
        "-1 usd",
        "+1 usd",
        "1e3 usd",
        ".5 usd",
        "1. usd",
        "12.34usd",
        "12.34 us",
        "12.34 usd eur",
        "١٢ usd",
        "nan usd",
        "0x10 usd",
        "9999999999999 usd",
    ],
)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid, match=r"write it as 12\.34 usd"):
        Amount.parse(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1.005 usd", "usd has 2"),
        ("500.0 jpy", "jpy has none"),
    ],
)
def test_a_decimal_too_many_is_refused_and_not_rounded(
    text: str, complaint: str
) -> None:
    with pytest.raises(AmountInvalid, match=complaint):
        Amount.parse(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Amount(1234, "usd"), "12.34 USD"),
        (Amount(5, "usd"), "0.05 USD"),
        (Amount(0, "eur"), "0.00 EUR"),
        (Amount(-1234, "usd"), "-12.34 USD"),
        (Amount(500, "jpy"), "500 JPY"),
        (Amount(1005, "bhd"), "1.005 BHD"),
    ],
)
def test_an_amount_is_shown_with_all_its_decimals(amount: Amount, text: str) -> None:
    assert str(amount) == text


@given(
    st.integers(min_value=0, max_value=10**12 - 1),
    st.sampled_from(["usd", "eur", "jpy", "bhd", "isk", "krw", "tnd"]),
)
def test_what_is_shown_can_be_read_back(minor: int, currency: str) -> None:
    amount = Amount(minor, currency)

    assert Amount.parse(str(amount)) == amount
