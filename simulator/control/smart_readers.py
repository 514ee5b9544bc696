"""Control of the smart readers: what their customers see, and what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.cards.book import CardBook
from simulator.control.json_api import Endpoint, listing, read_body, route
from simulator.control.smart_reader_deeds import DEED_BODIES, DeedBody, deed_of
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders, View

SMART_READERS = "/simulator/smart_readers"
SMART_READER = SMART_READERS + "/{id}"


def smart_reader_routes(readers: SmartReaders, cards: CardBook) -> Sequence[BaseRoute]:
    """The routes of all smart readers; each deed is one of them."""
    control = _Control(readers, cards)
    return [
        route("GET", SMART_READERS, control.list_readers),
        route("GET", SMART_READER, control.retrieve),
        *(
            route("POST", f"{SMART_READER}/{name}", control.doing(body))
            for name, body in DEED_BODIES.items()
        ),
    ]


class _Control:
    """The handlers, each about one route."""

    def __init__(self, readers: SmartReaders, cards: CardBook) -> None:
        self._readers = readers
        self._cards = cards

    async def list_readers(self, request: Request) -> Response:
        return listing([shown(view) for view in self._readers])

    async def retrieve(self, request: Request) -> Response:
        return JSONResponse(shown(self._readers.look(request.path_params["id"])))

    def doing(self, body: type[DeedBody]) -> Endpoint:
        """The handler of one deed."""

        async def do(request: Request) -> Response:
            sent = await read_body(request, body)
            deed = deed_of(sent, self._cards)
            return JSONResponse(
                shown(self._readers.do(request.path_params["id"], deed))
            )

        return do


def shown(view: View) -> dict[str, Any]:
    """A reader as JSON."""
    reader, screen = view.reader, view.screen
    action = reader["action"]
    return {
        "id": reader["id"],
        "label": reader["label"],
        "device_type": reader["device_type"],
        "device_sw_version": reader["device_sw_version"],
        "livemode": reader["livemode"],
        "status": reader["status"],
        "connected": view.is_connected,
        "phase": screen.phase,
        "screen": list(screen.lines),
        "buttons": list(screen.buttons),
        "splashscreen": screen.splashscreen,
        "action": action and {"type": action["type"], "status": action["status"]},
        "authorization_s": view.authorization_s,
    }
