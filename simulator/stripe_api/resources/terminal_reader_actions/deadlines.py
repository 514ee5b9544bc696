"""Phases that end by themselves, by a timer or, failing that, when next looked at."""

from __future__ import annotations

from simulator.stripe_api.resources.terminal_reader_actions.collect_inputs import (
    time_out,
)
from simulator.stripe_api.resources.terminal_reader_actions.collect_payment_method import (
    lose_card,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase


def settle(turn: Turn) -> None:
    """End the reader's phase if its time is over."""
    deadline_ms = turn.state["deadline_ms"]
    if deadline_ms is not None and turn.call.now_ms >= deadline_ms:
        end_phase(turn)


def end_phase(turn: Turn) -> None:
    """Do what the end of the phase brings, where it has one."""
    if turn.phase is Phase.COLLECTED:
        lose_card(turn)
    elif turn.phase is Phase.FORM:
        time_out(turn)
