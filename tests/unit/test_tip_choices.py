"""What readers offer as a tip, by Configuration and request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.payments.tips import MOST_ON_A_BUTTON, Tippable, tip_choices
from agent.terminal_configuration.effective import Tipping
from drivers.reader import TipChoices

PERCENT = Tipping(percentages=(10, 15, 20))
AMOUNTS = Tipping(fixed_amounts=(100, 200, 300))
SMART = Tipping((10, 15, 20), (100, 200, 300), smart_tip_threshold=10_00)
IN_PERCENT = TipChoices(percents=(10, 15, 20))
IN_AMOUNTS = TipChoices(amounts=(100, 200, 300))


@pytest.mark.parametrize(
    ("tipping", "amount", "choices"),
    [
        (PERCENT, 5_00, IN_PERCENT),
        (AMOUNTS, 50_00, IN_AMOUNTS),
        (SMART, 9_99, IN_AMOUNTS),
        (SMART, 10_00, IN_PERCENT),
        (Tipping((10, 15, 20), (100,)), 5_00, IN_PERCENT),
        (Tipping((10, 15, 20), (), 10_00), 5_00, IN_PERCENT),
        (Tipping((), (100, 200, 300), 10_00), 50_00, IN_AMOUNTS),
        (None, 5_00, None),
    ],
)
def test_amount_and_configuration_decide_what_is_offered(
    tipping: Tipping | None, amount: int, choices: TipChoices | None
) -> None:
    assert tip_choices(tipping, Tippable(amount)) == choices


@pytest.mark.parametrize(
    "wanted",
    [
        Tippable(12_00, skip_tipping=True),
        Tippable(12_00, amount_eligible=0),
        Tippable(12_00, tip=2_00),
    ],
)
def test_nobody_is_asked_in_vain_or_twice(wanted: Tippable) -> None:
    assert tip_choices(SMART, wanted) is None


def test_who_chose_no_tip_before_may_be_asked_again() -> None:
    assert tip_choices(PERCENT, Tippable(12_00, tip=0)) == IN_PERCENT


def test_percentages_of_a_part_are_offered_as_amounts() -> None:
    wanted = Tippable(12_00, amount_eligible=3_33)

    assert tip_choices(PERCENT, wanted) == TipChoices(amounts=(33, 50, 67))


def test_the_threshold_is_held_against_what_is_eligible() -> None:
    wanted = Tippable(50_00, amount_eligible=9_99)

    assert tip_choices(SMART, wanted) == IN_AMOUNTS


def test_a_part_too_small_for_a_percentage_leaves_typing_and_none() -> None:
    wanted = Tippable(12_00, amount_eligible=1)

    choices = tip_choices(PERCENT, wanted)

    assert choices == TipChoices(amounts=())
    assert choices.allows_none
    assert choices.allows_custom


@given(
    amount=st.integers(1, 99_999_999),
    eligible=st.none() | st.integers(0, 99_999_999),
    percentages=st.lists(st.integers(1, 100), max_size=3),
    fixed=st.lists(st.integers(1, 99_999_999), max_size=3),
    threshold=st.none() | st.integers(0, 10_000),
)
def test_every_button_fits_the_screen(
    amount: int,
    eligible: int | None,
    percentages: list[int],
    fixed: list[int],
    threshold: int | None,
) -> None:
    tipping = Tipping(tuple(percentages), tuple(fixed), threshold)

    choices = tip_choices(tipping, Tippable(amount, amount_eligible=eligible))

    if choices is not None:
        assert all(0 < tip <= MOST_ON_A_BUTTON for tip in choices.amounts)
        assert len(choices.amounts) == len(set(choices.amounts)) <= 3
        assert not (choices.amounts and choices.percents)
