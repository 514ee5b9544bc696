"""Control of the simulated readers: what a cardholder's hands and mishaps can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.cards.book import CardBook
from simulator.control.actions import ACTION_BODIES, ActionBody, action_of
from simulator.control.json_api import Body, Endpoint, listing, read_body, route
from simulator.faults import NO_FAULTS, WireFaults
from simulator.reader.actions import perform
from simulator.reader.device import SimulatedReader
from simulator.reader.readers import Readers

READERS = "/simulator/readers"
READER = READERS + "/{name}"


def reader_routes(readers: Readers, cards: CardBook) -> Sequence[BaseRoute]:
    """The routes of all readers; each action of `actions` is one of them."""
    control = _Control(readers, cards)
    return [
        route("GET", READERS, control.list_readers),
        route("GET", READER, control.retrieve),
        route("POST", READER + "/wire_faults", control.set_faults),
        route("DELETE", READER + "/wire_faults", control.clear_faults),
        *(
            route("POST", f"{READER}/{name}", control.doing(body))
            for name, body in ACTION_BODIES.items()
        ),
    ]


class WireFaultsBody(Body):
    """What goes wrong from now on; see simulator.faults.WireFaults."""

    direction: Literal["to_host", "to_reader", "both"] = "to_host"
    cut_after_bytes: int | None = Field(default=None, ge=1)
    corrupt: float = Field(default=0.0, ge=0, le=1)
    duplicate: float = Field(default=0.0, ge=0, le=1)
    drop: float = Field(default=0.0, ge=0, le=1)
    delay_s: float = Field(default=0.0, ge=0, le=600)
    piece_bytes: int | None = Field(default=None, ge=1)


class _Control:
    """The handlers, each about one route."""

    def __init__(self, readers: Readers, cards: CardBook) -> None:
        self._readers = readers
        self._cards = cards

    async def list_readers(self, request: Request) -> Response:
        return listing([shown(reader) for reader in self._readers])

    async def retrieve(self, request: Request) -> Response:
        return JSONResponse(shown(self._reader(request)))

    def doing(self, body: type[ActionBody]) -> Endpoint:
        """The handler of one action."""

        async def do(request: Request) -> Response:
            reader = self._reader(request)
            sent = await read_body(request, body)
            perform(reader, action_of(sent, self._cards))
            return JSONResponse(shown(reader))

        return do

    async def set_faults(self, request: Request) -> Response:
        reader = self._reader(request)
        sent = await read_body(request, WireFaultsBody)
        faults = WireFaults(**sent.model_dump(exclude={"direction"}))
        reader.set_faults(
            to_host=NO_FAULTS if sent.direction == "to_reader" else faults,
            to_reader=NO_FAULTS if sent.direction == "to_host" else faults,
        )
        return JSONResponse(shown(reader))

    async def clear_faults(self, request: Request) -> Response:
        reader = self._reader(request)
        reader.set_faults()
        return JSONResponse(shown(reader))

    def _reader(self, request: Request) -> SimulatedReader:
        return self._readers.named(request.path_params["name"])


def shown(reader: SimulatedReader) -> dict[str, Any]:
    """A reader as JSON."""
    to_host, to_reader = reader.faults
    return {
        "name": reader.name,
        "model": reader.model.name,
        "serial_number": reader.serial_number,
        "wire": reader.wire_spec,
        "connected": reader.is_plugged,
        "state": reader.screen.state,
        "screen": list(reader.screen.lines),
        "choices": list(reader.screen.choices),
        "picture": reader.screen.picture,
        "lights": list(reader.screen.lights),
        "card_left_in": reader.has_card_left_in,
        "history": [
            {"state": screen.state, "screen": list(screen.lines)}
            for screen in reader.history
        ],
        "keys": sorted(reader.model.keys),
        "heard": [asdict(tone) for tone in reader.heard],
        "quirks": dict(reader.quirks),
        "wire_faults": {
            "to_host": asdict(to_host),
            "to_reader": asdict(to_reader),
        },
    }
