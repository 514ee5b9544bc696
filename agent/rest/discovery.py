"""`/agent/discovery`: which readers are plugged into this machine."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from agent.rest.parameters import Parameters
from agent.rest.reader_object import Json
from agent.rest.requests import json_response, queried
from agent.rest.services import services_of


async def discover(request: Request) -> Response:
    """Ask every port who is there; takes as long as the slowest reader."""
    queried(request, Parameters)
    found = await services_of(request).fleet.discover()
    readers: list[Json] = [asdict(reader) for reader in found]
    return json_response({"readers": readers})
