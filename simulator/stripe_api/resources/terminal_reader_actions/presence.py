"""A reader that falls silent, and one that is heard again."""

from __future__ import annotations

from simulator.errors import ControlRefused
from simulator.stripe_api.resources.terminal_reader_actions.intents import (
    intent_of,
    let_go,
)
from simulator.stripe_api.resources.terminal_reader_actions.settlements import (
    settle_action,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import OFFLINE_AFTER_MS
from simulator.stripe_api.smart_readers.phases import Phase, Step


def fall_silent(turn: Turn) -> None:
    """Cut the reader off; Stripe notices after two minutes.

    Raises ControlRefused where it is cut off already.
    """
    if turn.state["is_silent"]:
        raise ControlRefused("the reader is offline already")
    turn.store()
    turn.change(is_silent=True)
    notice(turn)


def lose_power(turn: Turn) -> None:
    """Cut the reader off and let it forget what it was doing.

    What the issuer is being asked it decides; a card that was collected is lost. The
    action stays in progress until somebody cancels or replaces it.
    """
    turn.state = {**turn.state, "is_silent": True}
    if turn.phase is Phase.AUTHORIZING:
        settle_action(turn)
    elif turn.phase is Phase.COLLECTED:
        let_go(turn.call, intent_of(turn.call, turn.details))
    turn.step(Step.LOSE_POWER)
    turn.change(has_unheard_end=False)
    notice(turn)


def notice(turn: Turn) -> None:
    """Let Stripe notice, when it is time, that the reader has been silent too long."""
    last_seen_at = turn.reader["last_seen_at"] or 0

    def give_up(then: Turn) -> None:
        if then.state["is_silent"] and then.reader["last_seen_at"] == last_seen_at:
            then.reader = {**then.reader, "status": "offline"}
            then.store()

    silent_ms = turn.call.now_ms - last_seen_at
    turn.later(max(0, OFFLINE_AFTER_MS - silent_ms) / 1000, give_up)


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
