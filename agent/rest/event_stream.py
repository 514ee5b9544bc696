"""`/agent/events`: what happens on this machine, live, as server-sent events.

Live only: a listener that was away reads the readers and the journal.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent.events import Event, EventBus
from agent.rest.parameters import Parameters
from agent.rest.requests import queried
from agent.rest.services import services_of

ENDLESS = "cardlane.endless"
"""In the scope of a request whose answer only ends with the caller or the agent."""

STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""No cache and no proxy holds an event back."""
KEEP_ALIVE_S = 15.0
"""Proxies and browsers drop a connection that is silent for longer than 30 s or so."""


async def stream_events(request: Request) -> Response:
    """Every event from now on."""
    queried(request, Parameters)
    request.scope[ENDLESS] = True
    return StreamingResponse(
        frames(services_of(request).events),
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


async def frames(
    events: EventBus, *, keep_alive_s: float = KEEP_ALIVE_S
) -> AsyncIterator[str]:
    """Events as frames, with a comment wherever nothing happens for a while."""
    with events.listen() as queue:
        # Tells the caller that from here on nothing is missed.
        yield ": listening\n\n"
        while True:
            try:
                async with asyncio.timeout(keep_alive_s):
                    event = await queue.get()
            except TimeoutError:
                yield ": keep-alive\n\n"
            else:
                yield frame(event)


def frame(event: Event) -> str:
    """One event: its name in snake case, its fields as JSON."""
    return f"event: {event_name(event)}\ndata: {json.dumps(asdict(event))}\n\n"


def event_name(event: Event) -> str:
    """`InputRequested` → `input_requested`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
