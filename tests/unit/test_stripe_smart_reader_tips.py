"""The tips that a smart reader proposes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.stripe_api.smart_readers.tips import Suggestion, suggestions

AMOUNTS, PERCENTAGES = [100, 200, 300], [10, 15, 20]


def amounts(settings: Any, *, base: int) -> list[int]:
    """The proposed amounts."""
    return [tip.amount for tip in suggestions(settings, base=base)]


def test_fixed_amounts_are_proposed_as_they_are() -> None:
    proposed = suggestions({"fixed_amounts": AMOUNTS}, base=50_00)

    assert proposed == [Suggestion(amount, None) for amount in AMOUNTS]


def test_percentages_are_of_the_amount() -> None:
    proposed = suggestions({"percentages": PERCENTAGES}, base=50_00)

    assert proposed == [
        Suggestion(5_00, 10),
        Suggestion(7_50, 15),
        Suggestion(10_00, 20),
    ]


def test_halves_of_a_minor_unit_go_up() -> None:
    assert amounts({"percentages": [15]}, base=10) == [2]


def test_percentages_win_where_there_is_no_threshold() -> None:
    both = {"fixed_amounts": AMOUNTS, "percentages": PERCENTAGES}

    assert amounts(both, base=10_00) == [1_00, 1_50, 2_00]


def test_threshold_divides_amounts_from_percentages() -> None:
    smart = {
        "fixed_amounts": AMOUNTS,
        "percentages": PERCENTAGES,
        "smart_tip_threshold": 10_00,
    }

    assert amounts(smart, base=9_99) == AMOUNTS
    assert amounts(smart, base=10_00) == [1_00, 1_50, 2_00]


def test_threshold_without_amounts_proposes_percentages() -> None:
    settings = {"percentages": PERCENTAGES, "smart_tip_threshold": 10_00}

    assert amounts(settings, base=1_00) == [10, 15, 20]


def test_nothing_is_proposed_without_settings() -> None:
    assert suggestions({}, base=10_00) == []


@given(
    st.integers(min_value=1, max_value=99_999_999),
    st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=3),
)
def test_percentage_is_never_off_by_more_than_half_a_unit(
    base: int, percentages: list[int]
) -> None:
    for tip in suggestions({"percentages": percentages}, base=base):
        assert tip.percentage is not None
        assert abs(tip.amount * 100 - base * tip.percentage) <= 50
