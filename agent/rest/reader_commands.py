"""`/agent/readers/:id/…`: what an operator does to a reader itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from agent.ids import ReaderId
from agent.rest.parameters import Parameters
from agent.rest.readers import reader_id_in, shown_reader
from agent.rest.requests import json_response, posted
from agent.rest.services import services_of


async def connect(request: Request) -> Response:
    """Connect the reader now; the reader as it is then."""
    reader_id = await _named(request)
    await services_of(request).fleet.connect(reader_id)
    return _shown(request, reader_id)


async def disconnect(request: Request) -> Response:
    """Let go of the reader until it is connected again, or the agent restarts."""
    reader_id = await _named(request)
    await services_of(request).fleet.disconnect(reader_id)
    return _shown(request, reader_id)


async def reboot(request: Request) -> Response:
    """Restart the reader; answers when it has taken the order."""
    reader_id = await _named(request)
    await services_of(request).fleet.reboot(reader_id)
    return _shown(request, reader_id)


async def identify(request: Request) -> Response:
    """Have the reader show itself; `signs` are the ways in which it did."""
    reader_id = await _named(request)
    signs = await services_of(request).fleet.identify(reader_id)
    return json_response({"id": reader_id, "signs": [str(sign) for sign in signs]})


async def _named(request: Request) -> ReaderId:
    await posted(request, Parameters)
    return reader_id_in(request)


def _shown(request: Request, reader_id: ReaderId) -> Response:
    services = services_of(request)
    return json_response(shown_reader(services, services.fleet.session(reader_id)))
