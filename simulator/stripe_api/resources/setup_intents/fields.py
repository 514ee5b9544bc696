"""The SetupIntent as an object: its fields, and the refusals that carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.errors import UnexpectedState
from simulator.stripe_api.resources.setup_intents.states import (
    Status,
    Step,
    allows,
    statuses_allowing,
)


class Unfilled(TypedDict):
    """The fields that have no meaning for a card that is present."""

    application: None
    customer_account: None
    flow_directions: None
    mandate: None
    next_action: None
    on_behalf_of: None
    payment_method_configuration_details: None
    single_use_mandate: None


class SetupIntent(Unfilled):
    """Stripe's SetupIntent."""

    id: str
    object: str
    allowed_payment_method_types: list[str] | None
    automatic_payment_methods: Mapping[str, Any] | None
    cancellation_reason: str | None
    client_secret: str
    created: int
    customer: str | None
    description: str | None
    excluded_payment_method_types: list[str] | None
    last_setup_error: Mapping[str, Any] | None
    latest_attempt: str | None
    livemode: bool
    metadata: dict[str, str]
    payment_method: str | None
    payment_method_options: Mapping[str, Any]
    payment_method_types: list[str]
    status: Status
    usage: str


SETUP_INTENTS = Kind[SetupIntent](
    name="setup_intent",
    prefix="seti",
    noun="setupintent",
    shape=SetupIntent,
    indexes=("customer", "payment_method"),
    expandable={
        "application": "application",
        "customer": "customer",
        "latest_attempt": "setup_attempt",
        "mandate": "mandate",
        "on_behalf_of": "account",
        "payment_method": "payment_method",
        "single_use_mandate": "mandate",
    },
)


def save(call: Call, intent: SetupIntent) -> SetupIntent:
    """Store an intent, new or changed."""
    call.store.of(SETUP_INTENTS).put(intent)
    return intent


def require(intent: SetupIntent, step: Step, *, action: str) -> None:
    """Raise UnexpectedState unless the intent's status allows the step.

    `action` is what cannot be done, as a verb and its participle: `cancel/canceled`.
    """
    if allows(intent["status"], step):
        return
    verb, _, participle = action.partition("/")
    raise unexpected(
        intent,
        f"You cannot {verb} this SetupIntent because it has a status of "
        f"{intent['status']}. Only a SetupIntent with one of the following statuses may "
        f"be {participle}: {statuses_allowing(step)}.",
    )


def unexpected(intent: SetupIntent, message: str) -> UnexpectedState:
    """Stripe's refusal because of an intent's status."""
    return UnexpectedState(
        message,
        code="setup_intent_unexpected_state",
        member="setup_intent",
        value=intent,
    )
