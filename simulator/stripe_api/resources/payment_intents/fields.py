"""The PaymentIntent as an object: its fields, and the refusals that carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.errors import UnexpectedState
from simulator.stripe_api.resources.payment_intents.states import (
    Status,
    Step,
    allows,
    statuses_allowing,
)


class Unfilled(TypedDict):
    """The fields that have no meaning for a card that is present."""

    application: None
    customer_account: None
    managed_payments: None
    next_action: None
    on_behalf_of: None
    payment_method_configuration_details: None
    payment_record: None
    processing: None
    review: None
    source: None
    transfer_data: None


class PaymentIntent(Unfilled):
    """Stripe's PaymentIntent."""

    id: str
    object: str
    allowed_payment_method_types: list[str] | None
    amount: int
    amount_capturable: int
    amount_details: Mapping[str, Any]
    amount_received: int
    application_fee_amount: int | None
    automatic_payment_methods: Mapping[str, Any] | None
    canceled_at: int | None
    cancellation_reason: str | None
    capture_method: str
    client_secret: str
    confirmation_method: str
    created: int
    currency: str
    customer: str | None
    description: str | None
    excluded_payment_method_types: list[str] | None
    last_payment_error: Mapping[str, Any] | None
    latest_charge: str | None
    livemode: bool
    metadata: dict[str, str]
    payment_method: str | None
    payment_method_options: Mapping[str, Any]
    payment_method_types: list[str]
    receipt_email: str | None
    setup_future_usage: str | None
    shipping: Mapping[str, Any] | None
    statement_descriptor: str | None
    statement_descriptor_suffix: str | None
    status: Status
    transfer_group: str | None


PAYMENT_INTENTS = Kind[PaymentIntent](
    name="payment_intent",
    prefix="pi",
    noun="payment_intent",
    indexes=("customer",),
    expandable={
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "application": "application",
        "on_behalf_of": "account",
        "payment_record": "payment_record",
        "review": "review",
        "source": "source",
        "transfer_data.destination": "account",
    },
    shape=PaymentIntent,
)


def save(call: Call, intent: PaymentIntent) -> PaymentIntent:
    """Store an intent, new or changed."""
    call.store.of(PAYMENT_INTENTS).put(intent)
    return intent


def held_charge(call: Call, intent: PaymentIntent) -> Charge:
    """The charge of an intent whose amount is held."""
    charge = call.store.of(CHARGES).get(intent["latest_charge"] or "")
    if charge is None:
        raise LookupError(f"an authorized intent has no charge: {intent['id']}")
    return charge


def require(intent: PaymentIntent, step: Step, *, refusal: str) -> None:
    """Raise UnexpectedState unless the intent's status allows the step.

    `refusal` starts the message and `{status}` in it stands for the status; the
    statuses that would do follow.
    """
    if not allows(intent["status"], step):
        sentence = refusal.format(status=intent["status"])
        raise unexpected(intent, f"{sentence}: {statuses_allowing(step)}.")


def unexpected(intent: PaymentIntent, message: str) -> UnexpectedState:
    """Stripe's refusal because of an intent's status."""
    return UnexpectedState(
        message,
        code="payment_intent_unexpected_state",
        member="payment_intent",
        value=intent,
    )
