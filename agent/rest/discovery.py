"""`/agent/discovery`: which readers there are around this machine, one by one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Annotated, assert_never

from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent.readers.discovered import (
    DiscoveredReader,
    DiscoveryEnded,
    DiscoveryEvent,
    DiscoveryMethod,
    DiscoveryProgress,
    DiscoveryStep,
    MethodFailed,
)
from agent.rest.event_stream import ENDLESS, KEEP_ALIVE_S, STREAM_HEADERS
from agent.rest.parameters import Integer, Parameters, invalid
from agent.rest.reader_object import Json, JsonObject
from agent.rest.requests import json_response, queried
from agent.rest.services import services_of

LONGEST_S = 3600
EVENT_STREAM = "text/event-stream"

Running = AbstractContextManager[AsyncIterator[DiscoveryEvent]]


def _methods(value: object) -> tuple[DiscoveryMethod, ...]:
    known = {method.value: method for method in DiscoveryMethod}
    names = str(value).split(",")
    if not known.keys() >= set(names):
        raise invalid(f"Invalid method: must be some of {', '.join(known)}")
    return tuple(known[name] for name in names)


class Discover(Parameters):
    """`GET /agent/discovery`."""

    method: Annotated[
        tuple[DiscoveryMethod, ...],
        BeforeValidator(_methods),
        Field(json_schema_extra={"x-joined": True}),
    ] = tuple(DiscoveryMethod)
    timeout_s: Annotated[Integer, Field(ge=1, le=LONGEST_S)] | None = None


async def discover(request: Request) -> Response:
    """Look for readers, told one by one to those who take events.

    Others get all of them at the end, which takes as long as the slowest reader.
    """
    asked = queried(request, Discover)
    fleet = services_of(request).fleet
    running = fleet.discover(asked.method, timeout_s=asked.timeout_s)
    if EVENT_STREAM not in request.headers.get("accept", ""):
        return json_response(await _unless_left(request, running))
    request.scope[ENDLESS] = True
    return StreamingResponse(
        discovery_frames(running), media_type=EVENT_STREAM, headers=STREAM_HEADERS
    )


async def discovery_frames(
    running: Running, *, keep_alive_s: float = KEEP_ALIVE_S
) -> AsyncIterator[str]:
    """Events as frames until the last one; whoever stops listening ends the looking."""
    with running as events:
        yield ": looking\n\n"
        while True:
            try:
                async with asyncio.timeout(keep_alive_s):
                    event = await anext(events)
            except TimeoutError:
                yield ": keep-alive\n\n"
            except StopAsyncIteration:
                return
            else:
                yield _frame(event)


def _frame(event: DiscoveryEvent) -> str:
    match event:
        case DiscoveryProgress(step, reader):
            name, content = f"reader_{step}", asdict(reader)
        case MethodFailed():
            name, content = "method_failed", asdict(event)
        case DiscoveryEnded():
            name, content = "discovery_ended", asdict(event)
        case _:
            assert_never(event)
    return f"event: {name}\ndata: {json.dumps(content)}\n\n"


async def _unless_left(request: Request, running: Running) -> JsonObject:
    """All that is found; nobody is asked any more once the caller has left."""
    looking = asyncio.ensure_future(_all_of(running))
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({looking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return looking.result() if looking.done() else {}
    finally:
        looking.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _all_of(running: Running) -> JsonObject:
    found: dict[str, DiscoveredReader] = {}
    failed: list[Json] = []
    with running as events:
        async for event in events:
            match event:
                case DiscoveryProgress(DiscoveryStep.GONE, reader):
                    found.pop(reader.registration_code, None)
                case DiscoveryProgress(_, reader):
                    found[reader.registration_code] = reader
                case MethodFailed():
                    failed.append(asdict(event))
                case DiscoveryEnded():
                    pass
                case _:
                    assert_never(event)
    readers: list[Json] = [asdict(reader) for reader in found.values()]
    return {"readers": readers, "failed_methods": failed}
