"""`process_payment_intent`: ask for a tip and a card, and charge it at once."""

from __future__ import annotations

from typing import Any

from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Fields,
    Parameter,
    Required,
    Text,
)
from simulator.stripe_api.resources.terminal_reader_actions.intents import payable
from simulator.stripe_api.resources.terminal_reader_actions.replacing import begin
from simulator.stripe_api.resources.terminal_reader_actions.tipping import (
    TIPPING,
    check_tipping,
    proposed_tips,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Step

TYPE = "process_payment_intent"

_REDISPLAY = Choice(("always", "limited", "unspecified"))
CARD_CONFIG: dict[str, Parameter] = {
    "allow_redisplay": _REDISPLAY,
    "enable_customer_cancellation": Boolean(),
    "skip_tipping": Boolean(),
    "tipping": TIPPING,
}
"""What can be said about collecting a card, here and in `collect_payment_method`."""

PARAMETERS = Fields(
    {
        "payment_intent": Required(Text()),
        "process_config": Fields({**CARD_CONFIG, "return_url": Text()}),
    }
)


def process(turn: Turn) -> None:
    """Begin the payment."""
    ask_for_card(turn, TYPE, config_name="process_config")


def ask_for_card(turn: Turn, type_: str, *, config_name: str) -> None:
    """Begin an action on an intent that wants a card, and perhaps a tip first."""
    intent = payable(turn.call)
    config = turn.call.params.get(config_name, {})
    check_tipping(config, name=config_name)
    details: dict[str, Any] = {"payment_intent": intent["id"]}
    if config_name in turn.call.params:
        # How the card may be shown later is kept, and not told.
        told = {k: v for k, v in config.items() if k != "allow_redisplay"}
        details[config_name] = told
    step = Step.ASK_TIP if proposed_tips(turn, intent, config) else Step.ASK_CARD
    begin(turn, type_, details, step=step)
    turn.change(allow_redisplay=config.get("allow_redisplay", "unspecified"))
