"""`/agent/events`: what happens on this machine, as server-sent events.

An event that is kept has its sequence number as id: a listener that was away sends the
last one it knows, hears what it has missed, and goes on live.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TypeGuard

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent.errors import EventsGone, ParameterInvalid
from agent.events import data_of, name_of, reader_of
from agent.journal.event_log import EventLog, RecordedEvent, Told
from agent.outbox.stream import EventStream, Listener, TooSlow
from agent.rest.auth import still_good
from agent.rest.event_object import STRIPES, Shown, event_object, shown_by
from agent.rest.guard import caller_of
from agent.rest.parameters import NotNegative, Parameters, Text
from agent.rest.requests import queried
from agent.rest.services import services_of

ENDLESS = "cardlane.endless"
"""In the scope of a request whose answer only ends with the caller or the agent."""

STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""No cache and no proxy holds an event back."""
KEEP_ALIVE_S = 15.0
"""Proxies and browsers drop a connection that is silent for longer than 30 s or so."""
MOST_TYPES = 20
REPLAY_STEP = 100
"""How many events are read from the log at once."""


class ListenToEvents(Parameters):
    """`GET /agent/events`."""

    after: NotNegative | None = None
    types: Text | None = None
    reader: Text | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a listener wants."""

    types: tuple[str, ...] = ("*",)
    """Names; `*` stands for anything."""
    reader: str | None = None

    def wants(self, event: Told) -> bool:
        """Whether the event is one of them."""
        if isinstance(event, RecordedEvent):
            name, reader = event.type, event.reader_id
        else:
            name, reader = name_of(event), reader_of(event)
        return self.reader in (None, reader) and any(
            fnmatchcase(name, wanted) for wanted in self.types
        )


async def stream_events(request: Request) -> Response:
    """Every event from now on, after those that the caller has missed."""
    services = services_of(request)
    asked = queried(request, ListenToEvents)
    after = _last_known(request, asked)
    request.scope[ENDLESS] = True
    return StreamingResponse(
        frames(
            services.outbox.stream,
            services.journal.events,
            shown=shown_by(services),
            after=after,
            wanted=Filter(_types(asked.types), asked.reader),
            may_hear=still_good(
                services.journal.keys, caller_of(request), clock=services.clock
            ),
        ),
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


async def frames(
    stream: EventStream,
    log: EventLog,
    *,
    shown: Shown,
    after: int | None = None,
    wanted: Filter = Filter(),
    keep_alive_s: float = KEEP_ALIVE_S,
    may_hear: Callable[[], bool] = lambda: True,
) -> AsyncGenerator[str, None]:
    """Events as frames, several in a piece: what follows `after`, then what happens.

    With a comment wherever nothing happens for a while. Ends for a caller who does not
    keep up, or whose key was revoked.
    """
    known = log.head() if after is None else after
    if (reset := _reset(log, known)) is not None:
        known, notice = reset
        yield notice
    while events := log.read(after=known, limit=REPLAY_STEP):
        if text := _frames(filter(wanted.wants, events), shown=shown):
            yield text
        known = events[-1].seq
        await asyncio.sleep(0)  # Payments go on while somebody reads of old ones.
    # Nothing may wait between the read that found nothing more and this.
    with stream.listen() as listener:
        yield f": listening\nid: {known}\n\n"
        async for told in _live(listener, keep_alive_s=keep_alive_s):
            if not may_hear():
                return
            if not told:
                # The id makes a caller who hears little come back to here.
                yield f": keep-alive\nid: {known}\n\n"
                continue
            # What was replayed already is not told again.
            fresh = [one for one in told if not _is_known(one, known)]
            known = max((one.seq for one in filter(_is_kept, fresh)), default=known)
            if text := _frames(filter(wanted.wants, fresh), shown=shown):
                yield text


async def _live(
    listener: Listener, *, keep_alive_s: float
) -> AsyncIterator[list[Told]]:
    """What happens, and nothing after a while without; ends where it was too much."""
    while True:
        try:
            async with asyncio.timeout(keep_alive_s):
                told = await listener.next()
        except TimeoutError:
            yield []
        except TooSlow:
            return
        else:
            yield told


def _is_kept(event: Told) -> TypeGuard[RecordedEvent]:
    return isinstance(event, RecordedEvent)


def _is_known(event: Told, known: int) -> bool:
    return _is_kept(event) and event.seq <= known


def _frames(events: Iterable[Told], *, shown: Shown) -> str:
    """One piece for all that happened at once: writing costs more than the frames."""
    return "".join([frame(event, shown=shown) for event in events])


def frame(event: Told, *, shown: Shown) -> str:
    """One event: its name, its place if it is kept, and what it says as JSON."""
    if isinstance(event, RecordedEvent):
        return _kept_frame(event, shown)
    return f"event: {name_of(event)}\ndata: {json.dumps(data_of(event))}\n\n"


@lru_cache(maxsize=256)
def _kept_frame(event: RecordedEvent, shown: Shown) -> str:
    """Made once for all who listen."""
    if event.type.startswith(STRIPES):
        content = event_object(event, shown=shown)
    else:
        content = {
            **json.loads(event.data),
            "event_id": event.event_id,
            "created": int(event.at.timestamp()),
        }
    return f"event: {event.type}\nid: {event.seq}\ndata: {json.dumps(content)}\n\n"


def _last_known(request: Request, asked: ListenToEvents) -> int | None:
    """A browser's own header counts for more: its address stays as it was at first."""
    header = request.headers.get("last-event-id")
    if header is None:
        return asked.after
    if not header.isdecimal() or len(header) > 15:
        raise ParameterInvalid("Last-Event-ID must be the id of an event.")
    return int(header)


def _types(asked: str | None) -> tuple[str, ...]:
    types = ("*",) if asked is None else tuple(asked.split(","))
    if len(types) > MOST_TYPES:
        raise ParameterInvalid(f"At most {MOST_TYPES} types.", param="types")
    return types


def _reset(log: EventLog, known: int) -> tuple[int, str] | None:
    """Where a caller goes on who knows a place that is not there, and how it is told."""
    oldest, head = log.oldest(), log.head()
    if known > head:
        start, message = head, f"There is no event {known} yet; the newest is {head}."
    elif known < oldest - 1:
        start = oldest - 1
        message = f"The events after {known} are gone; the oldest is {oldest}."
    else:
        return None
    content = {
        "code": EventsGone.code,
        "message": message,
        "remedy": EventsGone.remedy,
        "oldest": oldest,
        "newest": head,
    }
    return start, f"event: reset\nid: {start}\ndata: {json.dumps(content)}\n\n"
