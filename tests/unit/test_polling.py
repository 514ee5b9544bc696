"""How often Stripe is asked: soon enough to be quick, seldom enough to be welcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.readers.polling import (
    AWAY_WAIT_S,
    MOST_IN_A_MINUTE,
    NEAR_WAIT_S,
    SLOWEST_S,
    UsualLengths,
    aligned,
    wait_s,
)

USUAL = st.none() | st.floats(0.0, 200.0)


def questions(seconds: float, *, usual_s: float | None = None) -> int:
    """How often an action that takes so long is asked about."""
    asked, age_s = 0, 0.0
    while age_s < seconds:
        age_s += aligned(age_s, wait_s(age_s, usual_s=usual_s))
        asked += 1
    return asked


def test_an_action_is_asked_about_less_and_less_often() -> None:
    waits = [wait_s(age, usual_s=None) for age in (0, 5, 100, 200, 1000)]

    assert waits == [0.5, 1.0, 2.0, 5.0, SLOWEST_S]


def test_around_the_usual_end_it_is_asked_about_often() -> None:
    assert wait_s(1.0, usual_s=12.0) == 0.5
    assert wait_s(3.0, usual_s=12.0) == AWAY_WAIT_S
    assert wait_s(10.0, usual_s=12.0) == NEAR_WAIT_S
    assert wait_s(10.0, usual_s=30.0) == AWAY_WAIT_S
    assert wait_s(24.0, usual_s=30.0) == NEAR_WAIT_S
    assert wait_s(100.0, usual_s=100.0) == 2.0


@given(USUAL)
def test_a_minute_costs_no_more_than_documented(usual_s: float | None) -> None:
    assert questions(60.0, usual_s=usual_s) <= MOST_IN_A_MINUTE


@pytest.mark.parametrize(("seconds", "most"), [(10, 14), (300, 140), (3600, 360)])
def test_long_actions_cost_little_more(seconds: float, most: int) -> None:
    assert questions(seconds) <= most


@given(st.floats(0, 1e5), st.sampled_from([0.5, 0.75, 1.0, 2.0, 5.0, 15.0]))
def test_questions_that_are_equally_far_apart_meet(now_s: float, wait: float) -> None:
    pause_s = aligned(now_s, wait)

    turns = (now_s + pause_s) / wait
    assert turns == pytest.approx(round(turns), abs=1e-6)
    assert 0.5 * wait - 1e-6 <= pause_s <= 1.5 * wait + 1e-6


def test_the_usual_length_is_the_median_of_the_latest() -> None:
    usual = UsualLengths()

    assert usual.of("process_payment_intent") is None
    for seconds in [100.0] * 30 + [8.0, 9.0, 10.0] * 10:
        usual.note("process_payment_intent", seconds)

    assert usual.of("process_payment_intent") == 9.0
    assert usual.of("refund_payment") is None
