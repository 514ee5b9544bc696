"""PaymentIntents as a reader deals with them: which it takes, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_reads import CARD_TYPES
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    save,
)
from simulator.stripe_api.resources.payment_intents.states import (
    TRANSITIONS,
    Status,
    Step,
)
from simulator.stripe_api.resources.terminal_reader_actions.errors import (
    IntentInvalidState,
)


def payable(call: Call) -> PaymentIntent:
    """The intent the parameters name; raises unless a reader can begin with it."""
    intent = call.referred(PAYMENT_INTENTS, "payment_intent")
    if intent["status"] != Status.REQUIRES_PAYMENT_METHOD:
        raise IntentInvalidState(
            "Payment intent must be in the requires_payment_method state to be "
            "processed by a reader."
        )
    if CARD_TYPES.isdisjoint(intent["payment_method_types"]):
        raise InvalidRequest(
            "The PaymentIntent's payment_method_types must include card_present (or "
            "interac_present) to be processed by a reader.",
            param="payment_intent",
        )
    return intent


def intent_of(call: Call, details: Mapping[str, Any]) -> PaymentIntent:
    """The intent of an action; intents are never deleted."""
    intent = call.store.of(PAYMENT_INTENTS).get(details["payment_intent"])
    if intent is None:
        raise LookupError("the intent of a reader's action is gone")
    return intent


def collected(call: Call, intent: PaymentIntent, method_id: str) -> None:
    """A card was read for the intent, and waits to be charged."""
    after = intent.copy()
    after["status"] = TRANSITIONS[intent["status"], Step.COLLECT]
    after["payment_method"] = method_id
    save(call, after)


def let_go(call: Call, intent: PaymentIntent) -> None:
    """The card that was read for the intent is not to be charged any more."""
    if intent["status"] != Status.REQUIRES_CONFIRMATION:
        return  # It was canceled meanwhile.
    after = intent.copy()
    after["status"] = TRANSITIONS[intent["status"], Step.LOSE_CARD]
    after["payment_method"] = None
    save(call, after)
