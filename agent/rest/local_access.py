"""Which callers may reach the agent at all: the Host, the Origin and the body's size.

Refuses DNS rebinding and foreign web pages before any effect. Knows no keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import (
    BodyTooLarge,
    HostNotAllowed,
    OriginNotAllowed,
    RequestTimedOut,
)
from agent.rest.cors import admit_page

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": (
        "Authorization, Cardlane-Lease-Token, Content-Type, Idempotency-Key, "
        "Last-Event-ID, Prefer, Stripe-Version, X-Stripe-Client-Telemetry, "
        "X-Stripe-Client-User-Agent"
    ),
    "access-control-max-age": "600",
}


class LocalAccess:
    """ASGI middleware that lets in this machine's callers and configured pages."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        origins: Iterable[str],
        max_body_bytes: int,
        timeout_s: float,
        tls_names: Iterable[str] = (),
    ) -> None:
        """`host` is the address listened on; `origins` as `https://pos.example`.

        Over TLS, callers know the agent by `tls_names` alone.
        A body has `timeout_s` to arrive.
        """
        self._timeout_s = timeout_s
        self._app = app
        self._hosts = {
            "http": LOOPBACK_NAMES | {f"[{host}]" if ":" in host else host},
            "https": frozenset(tls_names),
        }
        self._origins = frozenset(origin.lower() for origin in origins)
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        self._check_host(headers.getlist("host"), scheme=scope["scheme"])
        origin = headers.get("origin")
        if origin is None:
            await self._within_limit(scope, receive, send, headers=headers)
            return
        self._check_origin(origin, own=f"{scope['scheme']}://{headers['host']}")
        admit_page(scope, origin)
        if scope["method"] == "OPTIONS":
            await _preflight(headers)(scope, receive, send)
            return
        await self._within_limit(scope, receive, send, headers=headers)

    def _check_host(self, hosts: list[str], *, scheme: str) -> None:
        # A page that rebinds its own name to 127.0.0.1 still sends that name here.
        if len(hosts) != 1 or _without_port(hosts[0]) not in self._hosts[scheme]:
            raise HostNotAllowed("The agent does not answer under this Host name.")

    def _check_origin(self, origin: str, *, own: str) -> None:
        # The Host is known to be ours, so a page from it is the agent's own.
        if origin.lower() not in self._origins | {own.lower()}:
            raise OriginNotAllowed("Pages of this origin may not call the agent.")

    async def _within_limit(
        self, scope: Scope, receive: Receive, send: Send, *, headers: Headers
    ) -> None:
        limit = self._max_body_bytes
        refusal = BodyTooLarge(f"The body is larger than {limit} bytes.")
        declared = headers.get("content-length", "")
        # Python makes no number of 5,000 digits, and needs none here.
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
            raise refusal
        received, is_whole = 0, False
        deadline_s = asyncio.get_running_loop().time() + self._timeout_s

        async def counted() -> Message:
            nonlocal received, is_whole
            if is_whole:  # From here on it is the caller's leaving that is waited for.
                return await receive()
            try:
                async with asyncio.timeout_at(deadline_s):
                    message = await receive()
            except TimeoutError:
                raise RequestTimedOut(
                    f"The body did not arrive within {self._timeout_s:g} s."
                ) from None
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > limit:  # a chunked body declares no length
                raise refusal
            return message

        await self._app(scope, counted, send)


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()


def _preflight(headers: Headers) -> Response:
    response = Response(status_code=204, headers=_PREFLIGHT)
    # Chrome asks this before a public page may call an address of the local machine.
    if headers.get("access-control-request-private-network") == "true":
        response.headers["access-control-allow-private-network"] = "true"
    return response
