"""What the simulated acquirer agrees to, by brand, network and currency."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.payment_intents.terms import (
    hold_s,
    is_held,
    may_be_overcaptured,
    may_be_raised,
    most_capturable,
)

HOUR_S = 60 * 60
FLEXIBLE = ("amex", "discover", "mastercard", "visa")
OTHERS = ("diners", "eftpos_au", "jcb", "unionpay")


def intent(
    capture_method: str = "automatic",
    *,
    currency: str = "usd",
    options: dict[str, Any] | None = None,
) -> PaymentIntent:
    """As much of an intent as the terms depend on, with options for present cards."""
    fields = {
        "capture_method": capture_method,
        "currency": currency,
        "payment_method_options": {} if options is None else {"card_present": options},
    }
    return cast("PaymentIntent", fields)


@pytest.mark.parametrize("method", ["automatic", "automatic_async"])
def test_nothing_is_held_unless_asked_for(method: str) -> None:
    assert not is_held(intent(method), network="visa")


@pytest.mark.parametrize(
    "holding",
    [
        intent("manual"),
        intent(options={"capture_method": "manual"}),
        intent(options={"capture_method": "manual_preferred"}),
    ],
)
def test_only_two_message_networks_can_hold(holding: PaymentIntent) -> None:
    assert is_held(holding, network="visa")
    assert not is_held(holding, network="interac")
    assert not is_held(holding, network="eftpos_au")


def test_hold_lasts_two_days() -> None:
    assert {hold_s(intent("manual"), brand=brand) for brand in FLEXIBLE} == {
        48 * HOUR_S
    }


@pytest.mark.parametrize(
    ("brand", "hours"),
    [
        ("visa", 29 * 24 + 18),
        *((brand, 30 * 24) for brand in FLEXIBLE if brand != "visa"),
        *((brand, 48) for brand in OTHERS),
    ],
)
def test_extended_hold_depends_on_the_brand(brand: str, hours: int) -> None:
    extended = intent(options={"request_extended_authorization": True})

    assert hold_s(extended, brand=brand) == hours * HOUR_S


def test_hold_can_be_raised_where_asked_for_and_the_brand_allows() -> None:
    asked = intent(options={"request_incremental_authorization_support": True})

    assert all(may_be_raised(asked, brand=brand) for brand in FLEXIBLE)
    assert not any(may_be_raised(asked, brand=brand) for brand in OTHERS)
    assert not may_be_raised(intent(), brand="visa")


def test_overcapture_is_for_us_dollars_and_some_brands() -> None:
    assert all(may_be_overcaptured(intent(), brand=brand) for brand in FLEXIBLE)
    assert not any(may_be_overcaptured(intent(), brand=brand) for brand in OTHERS)
    assert not may_be_overcaptured(intent(currency="cad"), brand="visa")


@pytest.mark.parametrize(
    ("authorized", "most"), [(40_00, 90_00), (100_00, 150_00), (100_01, 150_01)]
)
def test_overcapture_goes_to_half_more_or_fifty_dollars(
    authorized: int, most: int
) -> None:
    assert most_capturable(authorized) == most


@given(st.integers(min_value=50, max_value=99_999_999))
def test_overcapture_never_goes_beyond_its_two_bounds(authorized: int) -> None:
    extra = most_capturable(authorized) - authorized

    assert extra == 50_00 or extra * 2 <= authorized
    assert extra >= 50_00
