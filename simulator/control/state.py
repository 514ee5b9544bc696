"""Control of all objects at once: taking them out, putting them back, adding some."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.control.json_api import route
from simulator.errors import ControlInvalid, SeedInvalid
from simulator.stripe_api.state.account import AccountState

MAXIMUM_BODY_BYTES = 256 * 1024 * 1024


def state_routes(state: AccountState) -> Sequence[BaseRoute]:
    """The routes about all that `state` holds."""

    async def dump(request: Request) -> Response:
        return JSONResponse(state.dump())

    async def restore(request: Request) -> Response:
        state.restore(await _content(request))
        return Response(status_code=204)

    async def seed(request: Request) -> Response:
        seeds = await _content(request)
        if not isinstance(seeds, list):
            raise SeedInvalid("the seeds are no JSON array of Stripe objects")
        state.seed(seeds)
        return Response(status_code=204)

    return [
        route("GET", "/simulator/dump", dump),
        route("POST", "/simulator/restore", restore),
        route("POST", "/simulator/seed", seed),
    ]


async def _content(request: Request) -> Any:
    sent = bytearray()
    async for piece in request.stream():
        sent += piece
        if len(sent) > MAXIMUM_BODY_BYTES:
            raise ControlInvalid(f"the body exceeds {MAXIMUM_BODY_BYTES} bytes")
    try:
        return json.loads(bytes(sent))
    except (ValueError, RecursionError) as error:
        raise ControlInvalid(f"the body is no JSON: {error}") from None
