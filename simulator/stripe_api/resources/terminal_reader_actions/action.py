"""The reader's `action`: what it is doing for the API, or has done last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from simulator.stripe_api.engine.errors import ApiError

IN_PROGRESS, SUCCEEDED, FAILED = "in_progress", "succeeded", "failed"

Details = Mapping[str, Any]
"""The member of an action that is named after its type."""


class Action(TypedDict):
    """Stripe's `terminal.reader.action`, with one member named after its type."""

    api_error: Mapping[str, Any] | None
    collect_inputs: NotRequired[Details]
    collect_payment_method: NotRequired[Details]
    confirm_payment_intent: NotRequired[Details]
    failure_code: str | None
    failure_message: str | None
    process_payment_intent: NotRequired[Details]
    process_setup_intent: NotRequired[Details]
    refund_payment: NotRequired[Details]
    set_reader_display: NotRequired[Details]
    status: str
    type: str


def new_action(type_: str, details: Details) -> Action:
    """An action that has just begun."""
    action: Mapping[str, Any] = {
        "api_error": None,
        "failure_code": None,
        "failure_message": None,
        type_: details,
        "status": IN_PROGRESS,
        "type": type_,
    }
    return action  # type: ignore[return-value] # the name of one member is a variable


def details_of(action: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the member that is named after the action's type."""
    return dict(action[action["type"]])


def api_error(error: ApiError) -> Mapping[str, Any]:
    """An error of the API as an action tells it."""
    return {**error.fields(), "type": error.type}
