"""Kept-open connections, and which of their failures mean that nothing was sent.

Not a general HTTP client: those took a quarter of the agent's time in a payment, as
long to load as all the rest, and repeat requests by themselves.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from agent.stripe_api.answers import Answer
from agent.stripe_api.errors import AnswerLost, StripeUnreachable
from agent.stripe_api.http_connection import ConnectionBroken, HttpConnection

IDLE_S = 30.0
"""How long an idle connection is kept: less than Stripe and most routers keep it, so
that a request is hardly ever lost because the other side had hung up unnoticed."""
NEXT_ADDRESS_AFTER_S = 0.25
"""When to try a name's next address too (RFC 8305): one of them may be dead."""

QUESTIONS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Origin:
    """A server, and the path below which its API is."""

    host: str
    port: int
    is_secure: bool
    authority: str
    """As in the Host header."""
    prefix: str

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of `http://…` or `https://…`."""
        parts = urlsplit(url)
        is_secure = parts.scheme == "https"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (443 if is_secure else 80),
            is_secure=is_secure,
            authority=parts.netloc.rpartition("@")[2],
            prefix=parts.path,
        )


@dataclass(frozen=True, slots=True)
class _Idle:
    connection: HttpConnection
    since_s: float


class Connections:
    """A pool of connections; an async context manager, open as long as they are."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, list[_Idle]] = defaultdict(list)
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in self._idle.values():
            for idle in pool:
                idle.connection.close()

    async def exchange(
        self,
        method: str,
        target: str,
        *,
        origin: Origin,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        connect_within_s: float | None = None,
    ) -> Answer:
        """One request, one answer of any status; a third of the time for connecting,
        where `connect_within_s` does not say otherwise.

        Raises StripeUnreachable where it certainly had no effect, else AnswerLost, and
        ValueError for a header with a line break.
        """
        request = _encoded(method, target, origin=origin, headers=headers, body=body)
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        if method not in QUESTIONS:  # Those can be asked again.
            await _notice_closed_connections()
        patience_s = timeout_s / 3 if connect_within_s is None else connect_within_s
        connection = await self._taken(origin, timeout_s=patience_s)
        try:
            answer = await connection.ask(
                request, deadline_s=deadline_s, has_body=method != "HEAD"
            )
        except (ConnectionBroken, TimeoutError) as error:
            reason = f"no answer from Stripe: {type(error).__name__}"
            if method in QUESTIONS:
                raise StripeUnreachable(reason) from error
            raise AnswerLost(reason) from error
        if connection.is_usable:
            self._idle[origin].append(_Idle(connection, since_s=loop.time()))
        return answer

    async def _taken(self, origin: Origin, *, timeout_s: float) -> HttpConnection:
        """An idle connection, or a new one; raises StripeUnreachable."""
        pool = self._idle[origin]
        oldest_s = asyncio.get_running_loop().time() - IDLE_S
        while pool:
            idle = pool.pop()
            if idle.connection.is_usable and idle.since_s > oldest_s:
                return idle.connection
            idle.connection.close()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._connected(origin)
        except OSError as error:
            reason = str(error) or type(error).__name__
            raise StripeUnreachable(f"no connection to Stripe: {reason}") from error

    async def _connected(self, origin: Origin) -> HttpConnection:
        loop = asyncio.get_running_loop()
        if origin.is_secure and self._tls is None:
            # Reading a machine's certificates takes long enough to be noticed.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        opened = await start_connection(
            await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM),
            happy_eyeballs_delay=NEXT_ADDRESS_AFTER_S,
        )
        # The last bytes of a long request must not wait for an ACK.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _, connection = await loop.create_connection(
            HttpConnection,
            sock=opened,
            ssl=self._tls if origin.is_secure else None,
            server_hostname=origin.host if origin.is_secure else None,
        )
        return connection


def _encoded(
    method: str, target: str, *, origin: Origin, headers: Mapping[str, str], body: bytes
) -> bytes:
    lines = [f"{method} {origin.prefix}{target} HTTP/1.1", f"host: {origin.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method not in QUESTIONS:
        lines.append(f"content-length: {len(body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header must not have a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _notice_closed_connections() -> None:
    """Let the loop poll once, so that connections closed by now are known to be.

    In the first turn this coroutine goes on before what the poll has brought.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
