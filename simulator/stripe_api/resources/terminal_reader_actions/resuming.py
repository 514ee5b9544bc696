"""Going on with what readers were doing when their state was written down.

Timers are not kept with objects: they are started again, with what is left of them.
"""

from __future__ import annotations

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.terminal_reader_actions.deadlines import end_phase
from simulator.stripe_api.resources.terminal_reader_actions.paying import wait
from simulator.stripe_api.resources.terminal_reader_actions.presence import notice
from simulator.stripe_api.resources.terminal_reader_actions.settlements import (
    settle_action,
)
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import READERS
from simulator.stripe_api.smart_readers.phases import Phase, Step
from simulator.stripe_api.smart_readers.state import SMART_READERS


def resume(shop: Shop, call: Call) -> None:
    """Start the timers of every smart reader there is."""
    for state in call.store.of(SMART_READERS).newest_first():
        reader = call.store.of(READERS).get(state["id"])
        if reader is not None:
            _resume(Turn(shop, call, reader=reader))


def _resume(turn: Turn) -> None:
    if turn.state["is_silent"]:
        notice(turn)
    deadline_ms = turn.state["deadline_ms"]
    if deadline_ms is not None:
        turn.end_in(max(0, deadline_ms - turn.call.now_ms) / 1000, end_phase)
    elif turn.phase is Phase.AUTHORIZING:
        wait(turn, settle_action)
    elif turn.phase is Phase.UPDATING:
        turn.step(Step.RESTART)
