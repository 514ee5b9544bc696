"""SetupAttempts: each try to set up a card, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Required, Text
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.setup_intents.fields import SetupIntent


class SetupAttempt(TypedDict):
    """Stripe's SetupAttempt."""

    id: str
    object: str
    application: None
    created: int
    customer: str | None
    customer_account: None
    flow_directions: None
    livemode: bool
    on_behalf_of: None
    payment_method: str
    payment_method_details: Mapping[str, Any]
    setup_error: Mapping[str, Any] | None
    setup_intent: str
    status: str
    usage: str


SETUP_ATTEMPTS = Kind[SetupAttempt](
    name="setup_attempt",
    prefix="setatt",
    noun="setup attempt",
    shape=SetupAttempt,
    indexes=("setup_intent",),
    expandable={
        "application": "application",
        "customer": "customer",
        "on_behalf_of": "account",
        "payment_method": "payment_method",
        "payment_method_details.card_present.generated_card": "payment_method",
        "setup_intent": "setup_intent",
    },
)
_LIST = list_parameters(created=TimeRange(), setup_intent=Required(Text()))
_PATH = "/v1/setup_attempts"


def add_attempt(
    call: Call,
    intent: SetupIntent,
    *,
    attempt_id: str,
    method: str,
    details: Mapping[str, Any],
    error: Mapping[str, Any] | None,
) -> None:
    """Store an attempt: failed where there is an `error`."""
    attempt: SetupAttempt = {
        "id": attempt_id,
        "object": "setup_attempt",
        "application": None,
        "created": call.now,
        "customer": intent["customer"],
        "customer_account": None,
        "flow_directions": None,
        "livemode": call.livemode,
        "on_behalf_of": None,
        "payment_method": method,
        "payment_method_details": details,
        "setup_error": error,
        "setup_intent": intent["id"],
        "status": "succeeded" if error is None else "failed",
        "usage": intent["usage"],
    }
    call.store.of(SETUP_ATTEMPTS).put(attempt)


def _list(call: Call) -> Object:
    created = call.params.get("created")
    return page(
        call.store,
        SETUP_ATTEMPTS,
        params=call.params,
        url=_PATH,
        equal=("setup_intent",),
        where=lambda attempt: within(attempt["created"], created),
    )


SETUP_ATTEMPT = Resource(
    kinds=(SETUP_ATTEMPTS,),
    operations=(Operation("GET", _PATH, _LIST, SETUP_ATTEMPTS, _list, is_list=True),),
)
