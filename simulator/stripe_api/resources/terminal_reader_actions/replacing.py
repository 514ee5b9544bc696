"""An action in the place of another: what was under way is given up first."""

from __future__ import annotations

from simulator.stripe_api.resources.terminal_reader_actions.action import Details
from simulator.stripe_api.resources.terminal_reader_actions.intents import (
    intent_of,
    let_go,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase, Step


def begin(turn: Turn, type_: str, details: Details, *, step: Step) -> None:
    """Start an action; the one before it never happened, and nobody is told."""
    give_up(turn)
    turn.begin(type_, details, step)


def give_up(turn: Turn) -> None:
    """Leave whatever can be interrupted; the reader idles."""
    if turn.phase is Phase.COLLECTED:
        let_go(turn.call, intent_of(turn.call, turn.details))
    turn.step(Step.STOP)
