"""`/v1/events`: the kept events of this machine, as Stripe lists events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid, ResourceMissing
from agent.journal.event_log import EventLog, RecordedEvent
from agent.rest.event_object import event_object, shown_by
from agent.rest.event_stream import MOST_TYPES
from agent.rest.lists import Paging
from agent.rest.parameters import Boolean, NotNegative, Parameters, Text, TextList
from agent.rest.reader_object import JsonObject
from agent.rest.requests import json_response, queried
from agent.rest.services import Services, services_of

STEP = 200
"""How many events are looked at before others have their turn."""

Wanted = Callable[[RecordedEvent], bool]


class Created(Parameters):
    """`created`: Unix seconds, exactly or between bounds."""

    gt: NotNegative | None = None
    gte: NotNegative | None = None
    lt: NotNegative | None = None
    lte: NotNegative | None = None

    def holds(self, second: int) -> bool:
        """Whether an event of that second is meant."""
        return (
            (self.gt is None or second > self.gt)
            and (self.gte is None or second >= self.gte)
            and (self.lt is None or second < self.lt)
            and (self.lte is None or second <= self.lte)
        )


def _created(value: object) -> object:
    return value if isinstance(value, dict) else {"gte": value, "lte": value}


def _or_a_second(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"type": "integer", "minimum": 0}, {"$ref": schema.pop("$ref")}]


class ListEvents(Paging):
    """`GET /v1/events`."""

    type: Text | None = None
    types: TextList = ()
    created: Annotated[
        Created, BeforeValidator(_created), Field(json_schema_extra=_or_a_second)
    ] = Created()
    delivery_success: Boolean | None = None

    def wants(self, event: RecordedEvent) -> bool:
        """Whether the event is to be listed, as far as it tells itself."""
        wanted = self.types or ((self.type,) if self.type else ("*",))
        return self.created.holds(int(event.at.timestamp())) and any(
            fnmatchcase(event.type, pattern) for pattern in wanted
        )


async def list_events(request: Request) -> Response:
    """A page of events, newest first."""
    services = services_of(request)
    asked = queried(request, ListEvents)
    _check(asked)
    log, deliveries = services.journal.events, services.outbox.deliveries

    def wanted(event: RecordedEvent) -> bool:
        is_taken = not deliveries.pending(event)
        return asked.wants(event) and asked.delivery_success in (None, is_taken)

    if asked.ending_before is not None:
        seq = _seq_of(asked.ending_before, log, param="ending_before")
        newer = await _newer(log, wanted, than=seq, limit=asked.limit + 1)
        found = newer[: asked.limit][::-1]
        has_more = len(newer) > asked.limit
    else:
        start = None
        if asked.starting_after is not None:
            start = _seq_of(asked.starting_after, log, param="starting_after")
        older = await _older(log, wanted, than=start, limit=asked.limit + 1)
        found, has_more = older[: asked.limit], len(older) > asked.limit
    return json_response(
        {
            "object": "list",
            "data": [_shown(services, event) for event in found],
            "has_more": has_more,
            "url": "/v1/events",
        }
    )


async def retrieve_event(request: Request) -> Response:
    """One event, while it is kept."""
    services = services_of(request)
    queried(request, Parameters)
    event_id = str(request.path_params["event_id"])
    event = services.journal.events.get(event_id)
    if event is None:
        raise ResourceMissing(f"No such event: '{event_id[:100]}'", param="id")
    return json_response(_shown(services, event))


def _shown(services: Services, event: RecordedEvent) -> JsonObject:
    pending = services.outbox.deliveries.pending(event)
    return event_object(event, pending, shown=shown_by(services))


def _check(asked: ListEvents) -> None:
    if asked.type is not None and asked.types:
        raise ParameterInvalid(
            "You may only specify one of these parameters: type, types.", param="types"
        )
    if len(asked.types) > MOST_TYPES:
        raise ParameterInvalid(f"At most {MOST_TYPES} types.", param="types")
    if asked.starting_after is not None and asked.ending_before is not None:
        raise ParameterInvalid(
            "Received both starting_after and ending_before parameters. "
            "Please pass in only one.",
            param="ending_before",
        )


def _seq_of(event_id: str, log: EventLog, *, param: str) -> int:
    event = log.get(event_id)
    if event is None:
        raise ResourceMissing(f"No such event: '{event_id[:100]}'", param=param)
    return event.seq


async def _older(
    log: EventLog, wanted: Wanted, *, than: int | None, limit: int
) -> list[RecordedEvent]:
    """Up to `limit` events that are wanted, from the newest on or behind `than`."""
    found: list[RecordedEvent] = []
    before = log.head() + 1 if than is None else than
    while len(found) < limit and (events := log.read_back(before=before, limit=STEP)):
        found += filter(wanted, events)
        before = events[-1].seq
        await asyncio.sleep(0)
    return found[:limit]


async def _newer(
    log: EventLog, wanted: Wanted, *, than: int, limit: int
) -> list[RecordedEvent]:
    """Up to `limit` events that are wanted, oldest first, from behind `than` on."""
    found: list[RecordedEvent] = []
    after = than
    while len(found) < limit and (events := log.read(after=after, limit=STEP)):
        found += filter(wanted, events)
        after = events[-1].seq
        await asyncio.sleep(0)
    return found[:limit]
