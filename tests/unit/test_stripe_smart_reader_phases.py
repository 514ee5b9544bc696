"""The phases of a smart reader, and what it keeps from one to the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ControlRefused
from simulator.stripe_api.smart_readers.phases import (
    INTERRUPTIBLE,
    TRANSITIONS,
    Phase,
    Step,
    is_busy,
)
from simulator.stripe_api.smart_readers.state import (
    SmartReader,
    new_smart_reader,
    stepped,
    tells_api_errors,
)


def in_phase(phase: Phase) -> SmartReader:
    """A reader that has come this far with a tip and a card."""
    state = new_smart_reader("tmr_1")
    state["phase"] = phase
    state["tip"] = 100
    state["card"] = {"name": "visa_approved", "entry": "contact"}
    state["deadline_ms"] = 1000
    state["note"] = "Try again"
    state["outcome"] = {"text": "Approved", "until_ms": 1}
    state["leaves_card_in"] = True
    return state


def test_new_reader_idles_and_is_heard() -> None:
    state = new_smart_reader("tmr_1")

    assert (state["phase"], state["is_silent"]) == (Phase.IDLE, False)


def test_every_phase_can_be_reached_and_left() -> None:
    reached = set(TRANSITIONS.values())
    left = {phase for phase, _ in TRANSITIONS}

    assert reached == left == set(Phase)


@pytest.mark.parametrize("phase", INTERRUPTIBLE)
def test_what_has_not_come_to_the_issuer_can_be_stopped(phase: Phase) -> None:
    assert not is_busy(phase)
    assert TRANSITIONS[phase, Step.STOP] is Phase.IDLE


@given(st.sampled_from(Phase), st.sampled_from(Step))
def test_impossible_step_is_refused_and_changes_nothing(
    phase: Phase, step: Step
) -> None:
    state = in_phase(phase)
    before = state.copy()

    if (phase, step) in TRANSITIONS:
        assert stepped(state, step)["phase"] is TRANSITIONS[phase, step]
    else:
        with pytest.raises(ControlRefused, match=phase):
            stepped(state, step)

    assert state == before


def test_step_ends_what_belonged_to_the_phase_before() -> None:
    after = stepped(in_phase(Phase.WAITING_FOR_CARD), Step.ASK_PIN)

    assert (after["deadline_ms"], after["note"], after["outcome"]) == (None, None, None)
    assert after["tip"] == 100


def test_idle_reader_has_forgotten_the_customer() -> None:
    after = stepped(in_phase(Phase.WAITING_FOR_CARD), Step.STOP)

    assert (after["tip"], after["card"]) == (None, None)
    assert after["leaves_card_in"] is False


@pytest.mark.parametrize(
    ("version", "tells"),
    [
        ("2.37.2.0", False),
        ("2.41.9", False),
        ("2.42.0.0", True),
        ("3.0", True),
        ("10.0.0", True),
        ("2", False),
        ("beta", False),
        (None, False),
    ],
)
def test_errors_of_the_api_are_told_by_newer_software(
    version: str | None, tells: bool
) -> None:
    assert tells_api_errors(version) is tells
