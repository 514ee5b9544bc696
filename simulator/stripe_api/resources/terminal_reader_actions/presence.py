"""A reader that falls silent, and one that is heard again."""

from __future__ import annotations

from simulator.errors import ControlRefused
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import OFFLINE_AFTER_MS, as_seen


def fall_silent(turn: Turn) -> None:
    """Cut the reader off; Stripe notices after two minutes.

    Raises ControlRefused where it is cut off already.
    """
    if turn.state["is_silent"]:
        raise ControlRefused("the reader is offline already")
    turn.store()
    turn.change(is_silent=True)
    turn.later(OFFLINE_AFTER_MS / 1000, _go_offline)


def be_heard(turn: Turn) -> None:
    """Connect the reader again; raises ControlRefused where it is connected.

    What it could not tell meanwhile is a failed connection, whatever the issuer said.
    """
    if not turn.state["is_silent"]:
        raise ControlRefused("the reader is online already")
    turn.change(is_silent=False)
    if turn.state["has_unheard_end"]:
        turn.change(has_unheard_end=False)
        turn.fail("connection_error", "Could not connect to Stripe.")


def _go_offline(turn: Turn) -> None:
    seen = as_seen(turn.call, turn.reader)
    if seen["status"] != turn.reader["status"]:
        turn.reader = seen
        turn.store()
