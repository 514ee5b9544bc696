"""`confirm_payment_intent`: charge the card that was collected."""

from __future__ import annotations

from simulator.stripe_api.engine.parameters import Fields, Required, Text
from simulator.stripe_api.resources.payment_intents.fields import PAYMENT_INTENTS
from simulator.stripe_api.resources.terminal_reader_actions.errors import (
    IntentInvalidState,
)
from simulator.stripe_api.resources.terminal_reader_actions.paying import ask_issuer
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase, Step

TYPE = "confirm_payment_intent"

PARAMETERS = Fields(
    {
        "payment_intent": Required(Text()),
        "confirm_config": Fields({"return_url": Text()}),
    }
)


def confirm(turn: Turn) -> None:
    """Charge; raises IntentInvalidState where this card is not this intent's."""
    call = turn.call
    intent = call.referred(PAYMENT_INTENTS, "payment_intent")
    is_collected = (
        turn.phase is Phase.COLLECTED and turn.details["payment_intent"] == intent["id"]
    )
    if not is_collected:
        raise IntentInvalidState(
            "Payment intent must be in the requires_confirmation state, with a payment "
            "method collected by this reader, to be confirmed by a reader."
        )
    details = {"payment_intent": intent["id"]}
    if "confirm_config" in call.params:
        details["confirm_config"] = call.params["confirm_config"]
    turn.begin(TYPE, details, Step.AUTHORIZE)
    turn.afterwards(ask_issuer)
