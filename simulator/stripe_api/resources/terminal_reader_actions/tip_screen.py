"""The customer at the tip screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.errors import ControlRefused
from simulator.stripe_api.resources.terminal_reader_actions.intents import intent_of
from simulator.stripe_api.resources.terminal_reader_actions.tipping import (
    may_be_tipped,
    proposed_tips,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase, Step
from simulator.stripe_api.smart_readers.tips import Suggestion

_CONFIGS: Mapping[str, str] = {
    "collect_payment_method": "collect_config",
    "process_payment_intent": "process_config",
}
"""Where the orders that may lead to a tip say how, by the type of action."""


def choose_tip(turn: Turn, amount: int) -> None:
    """Give this tip in minor units, or 0 for none; the card comes next.

    Raises ControlRefused where the reader asks for neither.
    """
    if turn.phase is Phase.TIPPING:
        turn.step(Step.ASK_CARD)
    elif turn.phase is not Phase.WAITING_FOR_CARD:
        raise ControlRefused("the reader asks for no tip")
    turn.change(tip=amount)


def offered(turn: Turn) -> list[Suggestion]:
    """The buttons of the tip screen, as the configuration has them now."""
    intent = intent_of(turn.call, turn.details)
    return proposed_tips(turn, intent, _config(turn))


def refuses_tip(turn: Turn) -> bool:
    """Whether the order is such that nobody is to be asked for a tip."""
    return turn.action["type"] not in _CONFIGS or not may_be_tipped(_config(turn))


def _config(turn: Turn) -> Mapping[str, Any]:
    config: Mapping[str, Any] = turn.details.get(_CONFIGS[turn.action["type"]], {})
    return config
