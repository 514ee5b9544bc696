"""How an action ends for which the issuer has been asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.stripe_api.resources.terminal_reader_actions import (
    confirm_payment_intent,
    process_payment_intent,
    process_setup_intent,
    refund_payment,
)
from simulator.stripe_api.resources.terminal_reader_actions.paying import settle_payment
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn

_SETTLEMENTS: Mapping[str, Callable[[Turn], None]] = {
    confirm_payment_intent.TYPE: settle_payment,
    process_payment_intent.TYPE: settle_payment,
    process_setup_intent.TYPE: process_setup_intent.settle,
    refund_payment.TYPE: refund_payment.settle,
}


def settle_action(turn: Turn) -> None:
    """Let the issuer decide now; the reader must be authorizing."""
    _SETTLEMENTS[turn.action["type"]](turn)
