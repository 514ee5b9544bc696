"""How resources declare what they can do, and what an operation is given to do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.stripe_api.engine.answers import Answer
from simulator.stripe_api.engine.errors import ResourceMissing
from simulator.stripe_api.engine.events import EVENTS, Event, previous_attributes
from simulator.stripe_api.engine.ids import Ids
from simulator.stripe_api.engine.parameters import Fields, Values
from simulator.stripe_api.engine.store import Kind, Object, Store, T
from simulator.stripe_api.engine.versions import ApiVersion

Work = Callable[["Call"], None]
"""Something that happens without a request of its own, at one point in time."""


@dataclass(slots=True)
class Agenda:
    """What is still to come of an operation once it is over."""

    afterwards: list[Work] = field(default_factory=list)
    """To be done once the request has its answer, before anything else happens."""
    later: list[tuple[float, Work]] = field(default_factory=list)
    """To be done in so many seconds of the simulator's clock."""


@dataclass(slots=True)
class Call:
    """One request as an operation sees it: parameters, objects, time and chance.

    Work that no request asked for gets one too, without parameters and request id.
    """

    params: Values
    names: Mapping[str, str]
    """What the placeholders of the operation's path stood for."""
    store: Store
    other_mode: Store
    """The objects of the mode this request is not in, for Stripe's hint only."""
    ids: Ids
    now: int
    """Unix time in seconds."""
    now_ms: int
    livemode: bool
    version: ApiVersion
    event_version: ApiVersion
    """The account's own version, in which events are written."""
    request_id: str | None
    idempotency_key: str | None
    host: str = ""
    """What the client called this server: `Host`, as in `127.0.0.1:12111`."""
    events: list[Event] = field(default_factory=list)
    """What this operation has emitted so far, oldest first."""
    agenda: Agenda = field(default_factory=Agenda)
    depth: int = 0
    """How long the chain of `afterwards` is that led here."""

    def find(self, kind: Kind[T], name: str, *, param: str | None = None) -> T:
        """The object the path names; raises ResourceMissing (404).

        `param` is what Stripe calls the placeholder in the error, where that differs.
        """
        object_id = self.names[name]
        found = self.store.of(kind).get(object_id)
        if found is None:
            raise self._missing(kind, object_id, param=param or name, status=404)
        return found

    def found_or_deleted(
        self, kind: Kind[T], name: str, *, param: str | None = None
    ) -> Object:
        """As `find`, but a deleted object answers with what is left of it."""
        tombstone = self.store.of(kind).tombstone(self.names[name])
        if tombstone is not None:
            return tombstone
        return self.find(kind, name, param=param)

    def referred(self, kind: Kind[T], param: str) -> T:
        """The object a parameter names; raises ResourceMissing (400)."""
        object_id = self.params[param]
        found = self.store.of(kind).get(object_id)
        if found is None:
            raise self._missing(kind, object_id, param=param, status=400)
        return found

    def new_id(self, kind: Kind[Any]) -> str:
        """A fresh id for an object of this kind."""
        return self.ids.new(kind.prefix)

    def emit(self, type_: str, about: Object, *, before: Object | None = None) -> None:
        """Record an event; `before` is the object as it was, for `*.updated` events."""
        event: Event = {
            "id": self.new_id(EVENTS),
            "object": "event",
            "api_version": self.event_version,
            "created": self.now,
            "data": {"object": about},
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {
                "id": self.request_id,
                "idempotency_key": self.idempotency_key,
            },
            "type": type_,
        }
        if before is not None:
            event["data"]["previous_attributes"] = previous_attributes(before, about)
        self.store.of(EVENTS).put(event)
        self.events.append(event)

    def forget(self) -> None:
        """What was emitted has not happened, and nothing is to come of it."""
        self.events.clear()
        self.agenda = Agenda()

    def _missing(
        self, kind: Kind[Any], object_id: str, *, param: str, status: int
    ) -> ResourceMissing:
        hint = ""
        if self.other_mode.of(kind).get(object_id) is not None:
            mine, other = ("live", "test") if self.livemode else ("test", "live")
            hint = (
                f"; a similar object exists in {other} mode, but a {mine} mode key was "
                "used to make this request."
            )
        return ResourceMissing(
            kind.noun, object_id, param=param, hint=hint, status=status
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """One method and path: what it takes and what it does."""

    method: str
    path: str
    """Such as `/v1/payment_intents/{intent}/confirm`."""
    parameters: Fields
    returns: Kind[Any]
    """What it answers with, or what the list it answers with is of."""
    run: Callable[[Call], Object | Answer]
    """Returns the answer; raises ApiError. Never awaits: an operation is atomic."""
    is_list: bool = False
    is_counted: bool = False
    """Whether the list's `total_count` is there when expanded, as in searches."""
    preview: str | None = None
    """What `Stripe-Version` must ask for besides a version; without it, 404."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The kinds a resource stores and the operations it offers."""

    kinds: tuple[Kind[Any], ...]
    operations: tuple[Operation, ...]
    opening: Work | None = None
    """Done in each mode when it begins, empty or with objects from elsewhere.

    Adds what must be there, and sees to what is to come of what is there.
    """
