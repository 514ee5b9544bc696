"""How long each answer took, by route: the outermost middleware."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.clock import Clock
from agent.rest.event_stream import ENDLESS

MeasureAnswer = Callable[[str, str, int, float], None]
"""Hears method, route, status and seconds of every answer."""
UNKNOWN_ROUTE = "unknown"
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST"})


class Measured:
    """ASGI middleware that hands each answer's time to `measure`."""

    def __init__(self, app: ASGIApp, *, measure: MeasureAnswer, clock: Clock) -> None:
        self._app = app
        self._measure = measure
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, status = self._clock.monotonic(), 0

        async def heard(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            if ENDLESS not in scope:
                method = scope["method"] if scope["method"] in METHODS else "other"
                took_s = self._clock.monotonic() - began_s
                self._measure(method, route_of(scope), status, took_s)


def route_of(scope: Mapping[str, object]) -> str:
    """The route's path with its parameters' names; never what a caller wrote there."""
    parameters, path = scope.get("path_params"), str(scope["path"])
    if "endpoint" not in scope or not isinstance(parameters, dict):
        return UNKNOWN_ROUTE
    for name, value in parameters.items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path
