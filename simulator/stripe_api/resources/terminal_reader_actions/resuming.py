"""Going on with what readers were doing when their state was written down.

Timers are not kept with objects: they are started again, with what is left of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.terminal_reader_actions import (
    confirm_payment_intent,
    process_payment_intent,
    process_setup_intent,
    refund_payment,
)
from simulator.stripe_api.resources.terminal_reader_actions.deadlines import end_phase
from simulator.stripe_api.resources.terminal_reader_actions.paying import settle_payment
from simulator.stripe_api.resources.terminal_reader_actions.presence import notice
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import READERS
from simulator.stripe_api.smart_readers.phases import Phase, Step
from simulator.stripe_api.smart_readers.state import SMART_READERS

_SETTLEMENTS: Mapping[str, Callable[[Turn], None]] = {
    confirm_payment_intent.TYPE: settle_payment,
    process_payment_intent.TYPE: settle_payment,
    process_setup_intent.TYPE: process_setup_intent.settle,
    refund_payment.TYPE: refund_payment.settle,
}
"""How an action ends for which the issuer is being asked."""


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
        turn.later(turn.state["authorization_s"], _SETTLEMENTS[turn.action["type"]])
    elif turn.phase is Phase.UPDATING:
        turn.step(Step.RESTART)
