"""The log of Stripe events: what happened, with a snapshot of what it happened to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict

from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.engine.versions import ApiVersion


class EventData(TypedDict):
    """The object as it was then, and what `*.updated` changed."""

    object: Object
    previous_attributes: NotRequired[Mapping[str, Any]]


class EventRequest(TypedDict):
    """Which API request caused the event."""

    id: str | None
    idempotency_key: str | None


class Event(TypedDict):
    """Stripe's Event object."""

    id: str
    object: str
    api_version: ApiVersion
    created: int
    data: EventData
    livemode: bool
    pending_webhooks: int
    request: EventRequest
    type: str


EVENTS = Kind[Event](
    name="event", prefix="evt", noun="event", indexes=("type",), shape=Event
)

Listener = Callable[[Event], None]
"""Called with each event after the operation that caused it has taken effect."""


def previous_attributes(before: Object, after: Object) -> Mapping[str, Any]:
    """The fields that changed, as they were; a field that was absent counts as null."""
    names = sorted({*before, *after})
    return {
        name: before.get(name) for name in names if before.get(name) != after.get(name)
    }
