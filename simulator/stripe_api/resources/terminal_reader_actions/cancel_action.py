"""`cancel_action`: the reader forgets what it was doing. No event tells of it."""

from __future__ import annotations

from simulator.stripe_api.resources.terminal_reader_actions.replacing import give_up
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn


def cancel(turn: Turn) -> None:
    """Give up the action, whether or not there is one."""
    give_up(turn)
    turn.drop_action()
