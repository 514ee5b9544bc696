"""Sees every answer of a simulated Stripe API, and holds it against the SDK's types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import stripe
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from stripe_sdk_operations import sdk_operation
from stripe_sdk_types import violations

from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.engine.errors import RouteUnknown
from simulator.stripe_api.engine.router import Router

Seen = tuple[str, int, Any]
"""The operation as `POST /v1/refunds`, the status, and the body's JSON."""


class Witness:
    """An ASGI application around another, which remembers what that one answers."""

    def __init__(self, app: ASGIApp, api: StripeApi) -> None:
        """`api` is what `app` serves under `/v1`."""
        self.seen: list[Seen] = []
        self._app = app
        self._router = Router(api.operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1"):
            await self._app(scope, receive, send)
            return
        heard: list[Message] = []

        async def overhear(message: Message) -> None:
            heard.append(message)
            await send(message)

        await self._app(scope, receive, overhear)
        self._remember(scope["method"], scope["path"], heard)

    def answered(self) -> set[str]:
        """The operations that have answered with success."""
        return {name for name, status, _ in self.seen if status == 200}

    def problems(self) -> Iterator[str]:
        """Every way in which an answer so far is not what the SDK declares."""
        for name, status, body in self.seen:
            declared = _declared(name, status)
            if declared is not None:
                for problem in violations(body, declared):
                    yield f"{name} ({status}){problem}"

    def _remember(self, method: str, path: str, heard: list[Message]) -> None:
        start = heard[0]
        headers = dict(start["headers"])
        body = b"".join(message.get("body", b"") for message in heard[1:])
        if len(body) < int(headers[b"content-length"]):
            return  # a fault cut it short
        is_json = headers.get(b"content-type") == b"application/json"
        content = json.loads(body) if is_json else None
        try:
            operation, _ = self._router.find(method, path)
        except RouteUnknown:
            name = f"{method} {path}"
        else:
            name = f"{operation.method} {operation.path}"
        self.seen.append((name, start["status"], content))


def _declared(name: str, status: int) -> Any:
    """The type of an answer; None where the SDK has no such operation."""
    if status != 200:
        return _Refusal
    declared = sdk_operation(*name.split(" "))
    return None if declared is None else declared.answer


class _Refusal(stripe.StripeObject):
    """The envelope of every refusal."""

    error: stripe.ErrorObject
