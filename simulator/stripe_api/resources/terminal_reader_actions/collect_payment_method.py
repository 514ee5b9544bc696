"""`collect_payment_method`: read a card, and wait for the order to charge it."""

from __future__ import annotations

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.parameters import Fields, Required, Text
from simulator.stripe_api.resources.card_reads import card_type
from simulator.stripe_api.resources.payment_intents.fields import require
from simulator.stripe_api.resources.payment_intents.states import Step as IntentStep
from simulator.stripe_api.resources.payment_methods import add_presented_card
from simulator.stripe_api.resources.terminal_reader_actions.card_in_hand import (
    held,
    read,
)
from simulator.stripe_api.resources.terminal_reader_actions.intents import (
    collected,
    intent_of,
    let_go,
)
from simulator.stripe_api.resources.terminal_reader_actions.process_payment_intent import (
    CARD_CONFIG,
    ask_for_card,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Step

TYPE = "collect_payment_method"
CONFIRM_WITHIN_S = 30.0
_NOT_COLLECTED = (
    "You cannot collect a card for this PaymentIntent because it has a status of "
    "{status}. Only for a PaymentIntent with one of the following statuses one may be "
    "collected"
)

PARAMETERS = Fields(
    {"payment_intent": Required(Text()), "collect_config": Fields(CARD_CONFIG)}
)


def collect(turn: Turn) -> None:
    """Begin to collect."""
    ask_for_card(turn, TYPE, config_name="collect_config")


def take_card(turn: Turn) -> None:
    """The card in hand is the intent's from now on, for thirty seconds.

    Not where the intent was canceled, or paid elsewhere, before the card came.
    """
    intent = intent_of(turn.call, turn.details)
    try:
        require(intent, IntentStep.COLLECT, refusal=_NOT_COLLECTED)
    except InvalidRequest as error:
        turn.step(Step.STOP)
        turn.fail(error.code or "processing_error", error.message, error=error)
        return
    slot_read = read(turn, amount=intent["amount"], currency=intent["currency"])
    card, _ = held(turn)
    method = add_presented_card(
        turn.call,
        slot_read.shown,
        type_=card_type(card.account.brand),
        read_method=slot_read.read_method,
    )
    collected(turn.call, intent, method["id"])
    turn.step(Step.COLLECT)
    turn.amend(payment_method=method)
    turn.tell("terminal.reader.action_updated")
    turn.end_in(CONFIRM_WITHIN_S, lose_card)


def lose_card(turn: Turn) -> None:
    """Nobody confirmed in time: the card has to be presented again."""
    let_go(turn.call, intent_of(turn.call, turn.details))
    turn.step(Step.STOP)
    turn.fail(
        "collect_payment_method_timeout",
        "The payment method was not confirmed within 30 seconds of its collection.",
    )
