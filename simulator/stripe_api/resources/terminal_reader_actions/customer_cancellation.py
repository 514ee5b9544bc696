"""The X on the screen, where the order allows the customer to cancel."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.errors import ControlRefused
from simulator.stripe_api.resources.terminal_reader_actions.replacing import give_up
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase

_CONFIGS: Mapping[str, str] = {
    "collect_payment_method": "collect_config",
    "process_payment_intent": "process_config",
    "process_setup_intent": "process_config",
    "refund_payment": "refund_payment_config",
}
_PHASES = (Phase.TIPPING, Phase.WAITING_FOR_CARD, Phase.ENTERING_PIN)


def is_offered(turn: Turn) -> bool:
    """Whether there is an X to press."""
    if turn.phase not in _PHASES:
        return False
    config = turn.details.get(_CONFIGS[turn.action["type"]]) or {}
    return bool(config.get("enable_customer_cancellation"))


def press(turn: Turn) -> None:
    """The customer does not want to pay; raises ControlRefused where there is no X."""
    if not is_offered(turn):
        raise ControlRefused("the screen offers no cancellation")
    give_up(turn)
    # Stripe's words, though nothing is wrong with the reader.
    turn.fail(
        "customer_canceled",
        "This action could not be completed due to an error on the card reader.",
    )
