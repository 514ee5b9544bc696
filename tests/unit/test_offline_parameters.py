"""A register's words for a PaymentIntent, taken apart without touching Stripe's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ParameterInvalid
from agent.offline.intents import OfflineBehavior
from agent.rest.offline_parameters import read_locally, split_behavior

FORM = "application/x-www-form-urlencoded"
PLAIN = b"amount=500&currency=usd&allowed_payment_method_types[]=card_present"


@pytest.mark.parametrize("behavior", OfflineBehavior)
def test_the_agents_own_parameter_is_taken_out_of_a_form(
    behavior: OfflineBehavior,
) -> None:
    body = b"offline_behavior=" + behavior.encode() + b"&" + PLAIN

    assert split_behavior(body, FORM) == (behavior, PLAIN)


@given(st.binary().filter(lambda body: b"offline" not in body and b"%" not in body))
def test_everything_else_is_passed_on_byte_for_byte(body: bytes) -> None:
    assert split_behavior(body, FORM) == (None, body)


def test_a_name_that_is_escaped_is_found_too() -> None:
    body = b"offline%5Fbehavior=force_offline&" + PLAIN

    assert split_behavior(body, FORM) == (OfflineBehavior.FORCE_OFFLINE, PLAIN)


def test_json_that_is_nested_too_deep_is_left_to_who_reads_it() -> None:
    body = b'{"a":' * 50_000

    assert split_behavior(body, "application/json") == (None, body)


def test_it_is_taken_out_of_json() -> None:
    body = json.dumps({"amount": 5, "offline_behavior": "require_online"}).encode()

    behavior, rest = split_behavior(body, "application/json; charset=utf-8")

    assert behavior is OfflineBehavior.REQUIRE_ONLINE
    assert json.loads(rest) == {"amount": 5}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"amount": 5}'])
def test_json_without_it_is_left_alone(body: bytes) -> None:
    assert split_behavior(body, "application/json") == (None, body)


def test_an_unknown_behavior_is_refused() -> None:
    with pytest.raises(ParameterInvalid) as caught:
        split_behavior(b"offline_behavior=sometimes", FORM)

    assert caught.value.param == "offline_behavior"


def test_what_stripe_is_to_make_is_what_was_said() -> None:
    body = PLAIN + b"&metadata[a]=b&capture_method=manual&expand[]=customer"

    asked = read_locally(body, FORM)

    assert (asked.amount, asked.currency) == (500, "usd")
    assert asked.for_stripe() == {
        "allowed_payment_method_types": ["card_present"],
        "capture_method": "manual",
        "metadata": {"a": "b"},
    }
