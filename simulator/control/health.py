"""Whether the simulators are up."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.control.json_api import route
from simulator.reader.readers import Readers


def health_routes(readers: Readers) -> Sequence[BaseRoute]:
    """One route: it answers when everything is served."""

    async def health(request: Request) -> Response:
        connected = [reader.is_plugged for reader in readers]
        return JSONResponse(
            {
                "status": "ok",
                "readers": len(connected),
                "connected_readers": sum(connected),
            }
        )

    return [route("GET", "/simulator/health", health)]
