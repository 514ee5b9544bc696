"""`process_setup_intent`: ask for a card, and keep it for later without charging it."""

from __future__ import annotations

from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Fields,
    Required,
    Text,
)
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.setup_intents.attempts import SETUP_ATTEMPTS
from simulator.stripe_api.resources.setup_intents.fields import (
    SETUP_INTENTS,
    SetupIntent,
    require,
)
from simulator.stripe_api.resources.setup_intents.setting_up import set_up_card
from simulator.stripe_api.resources.setup_intents.states import Status
from simulator.stripe_api.resources.setup_intents.states import Step as SetupStep
from simulator.stripe_api.resources.terminal_reader_actions.card_in_hand import (
    for_issuer,
    issuer_for,
    read,
)
from simulator.stripe_api.resources.terminal_reader_actions.errors import (
    IntentInvalidState,
)
from simulator.stripe_api.resources.terminal_reader_actions.paying import (
    conclude,
    wait,
)
from simulator.stripe_api.resources.terminal_reader_actions.replacing import begin
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Step

TYPE = "process_setup_intent"

PARAMETERS = Fields(
    {
        "allow_redisplay": Required(Choice(("always", "limited", "unspecified"))),
        "process_config": Fields({"enable_customer_cancellation": Boolean()}),
        "setup_intent": Required(Text()),
    }
)


def process(turn: Turn) -> None:
    """Ask for the card; raises IntentInvalidState, or InvalidRequest for no card."""
    params = turn.call.params
    intent = turn.call.referred(SETUP_INTENTS, "setup_intent")
    if intent["status"] != Status.REQUIRES_PAYMENT_METHOD:
        raise IntentInvalidState(
            "Setup intent must be in the requires_payment_method state to be processed "
            "by a reader."
        )
    if "card_present" not in intent["payment_method_types"]:
        raise InvalidRequest(
            "The SetupIntent's payment_method_types must include card_present to be "
            "processed by a reader.",
            param="setup_intent",
        )
    details: dict[str, Any] = {"setup_intent": intent["id"]}
    if "process_config" in params:
        details["process_config"] = params["process_config"]
    begin(turn, TYPE, details, step=Step.ASK_CARD)
    turn.change(allow_redisplay=params["allow_redisplay"])


def keep_card(turn: Turn) -> None:
    """Ask the issuer whether the card in hand is good, and keep it if so."""
    turn.step(Step.AUTHORIZE)
    wait(turn, settle)


def settle(turn: Turn) -> None:
    """The issuer has had its time: end the action as it decides."""
    try:
        intent = _set_up(turn)
    except (CardError, InvalidRequest) as error:
        conclude(turn, error)
    else:
        turn.amend(generated_card=_generated_card(turn, intent))
        conclude(turn)


def _set_up(turn: Turn) -> SetupIntent:
    intent = turn.call.store.of(SETUP_INTENTS).get(turn.details["setup_intent"])
    if intent is None:
        raise LookupError("the intent of a reader's action is gone")
    require(intent, SetupStep.SET_UP, action="confirm/confirmed")
    # Nothing is charged, so that no test amount decides either.
    slot_read = read(turn, amount=0, currency="usd")
    return set_up_card(
        turn.call,
        intent,
        for_issuer(turn, slot_read),
        issuer=issuer_for(turn),
        allow_redisplay=turn.state["allow_redisplay"],
    )


def _generated_card(turn: Turn, intent: SetupIntent) -> str:
    """The card of the attempt that has just succeeded."""
    attempt = turn.call.store.of(SETUP_ATTEMPTS).get(intent["latest_attempt"] or "")
    if attempt is None:
        raise LookupError("an intent that was set up has no attempt")
    details = attempt["payment_method_details"]["card_present"]
    generated: str = details["generated_card"]
    return generated
