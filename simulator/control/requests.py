"""The log of API requests: was this called, how often, with what, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.control.json_api import route
from simulator.errors import ControlInvalid
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.forms import Tree, decode_form
from simulator.stripe_api.engine.requests import RequestEntry, RequestLog

REQUESTS = "/simulator/requests"

Shown = dict[str, Any]

_FILTERS: dict[str, Callable[[Shown, Any], bool]] = {
    "error_code": lambda shown, wanted: shown["error_code"] == wanted,
    "fault": lambda shown, wanted: shown["fault"] == wanted,
    "id": lambda shown, wanted: shown["id"] == wanted,
    "idempotency_key": lambda shown, wanted: shown["idempotency_key"] == wanted,
    "method": lambda shown, wanted: shown["method"] == wanted,
    "parameters": lambda shown, wanted: _holds(shown["parameters"], wanted),
    "path": lambda shown, wanted: fnmatchcase(shown["path"], str(wanted)),
    "replayed": lambda shown, wanted: _text(shown["replayed"]) == wanted,
    "status": lambda shown, wanted: _text(shown["status"]) == wanted,
}
"""What a query may ask for; what is compared is what is shown, so no card data."""


def request_routes(log: RequestLog) -> Sequence[BaseRoute]:
    """The routes that show and clear `log`."""

    async def find(request: Request) -> Response:
        wanted = _wanted(request)

        def fits(entry: RequestEntry) -> bool:
            shown = dict(entry.shown())
            return all(_FILTERS[name](shown, value) for name, value in wanted.items())

        found = [entry.shown() for entry in log.find(fits)]
        return JSONResponse({"count": len(found), "data": found})

    async def clear(request: Request) -> Response:
        log.clear()
        return Response(status_code=204)

    return [route("GET", REQUESTS, find), route("DELETE", REQUESTS, clear)]


def _wanted(request: Request) -> Tree:
    try:
        wanted = decode_form(request.scope["query_string"])
    except InvalidRequest as error:
        raise ControlInvalid(str(error)) from None
    for name in wanted:
        if name not in _FILTERS:
            known = ", ".join(sorted(_FILTERS))
            raise ControlInvalid(f"requests are not found by {name!r}, only by {known}")
    return wanted


def _holds(sent: Any, wanted: Any) -> bool:
    """Whether all that is wanted was sent, be it among more."""
    if isinstance(sent, list):
        sent = {str(index): element for index, element in enumerate(sent)}
    if isinstance(wanted, list):
        wanted = {str(index): element for index, element in enumerate(wanted)}
    if not isinstance(wanted, dict):
        return bool(_text(sent) == wanted)
    return isinstance(sent, dict) and all(
        name in sent and _holds(sent[name], value) for name, value in wanted.items()
    )


def _text(value: Any) -> str:
    """A value as a form writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
