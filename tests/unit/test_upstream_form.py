"""Stripe's form encoding: nested names, and what the official SDK would send."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stripe_api.form import encode


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, ""),
        ({"amount": 1050, "currency": "usd"}, "amount=1050&currency=usd"),
        ({"expand": ["latest_charge"]}, "expand[0]=latest_charge"),
        (
            {"payment_method_data": {"card_present": {"ksn": "FFFF"}}},
            "payment_method_data[card_present][ksn]=FFFF",
        ),
        ({"items": [{"id": 1}, {"id": 2}]}, "items[0][id]=1&items[1][id]=2"),
        ({"a": True, "b": False}, "a=true&b=false"),
        ({"a": None, "b": ""}, "b="),
        ({"note": "a&b=c d+é"}, "note=a%26b%3Dc+d%2B%C3%A9"),
        ({"metadata": {"a&b": "1"}}, "metadata[a%26b]=1"),
    ],
)
def test_parameters_are_written_as_stripe_reads_them(
    params: dict[str, object], text: str
) -> None:
    assert encode(params) == text


@pytest.mark.parametrize("value", [1.5, b"raw", {1, 2}, object()])
def test_a_value_without_a_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"a\[b\]: \w+ has no form encoding"):
        encode({"a": {"b": value}})


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(min_size=1)))
def test_any_flat_parameters_come_out_of_a_parser_as_they_went_in(
    params: dict[str, str],
) -> None:
    parsed = parse_qsl(encode(params), keep_blank_values=True)

    assert dict(parsed) == params
