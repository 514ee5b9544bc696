"""Stripe as seen from the wire: a loopback server that answers, lies or hangs up.

Plays one act per request, in order; knows HTTP and nothing of payments.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import assert_never
from urllib.parse import parse_qsl

from agent.settings import StripeKey
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer properly."""

    body: bytes | dict[str, object] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplyAndHangUp:
    """Answer properly, then close the connection without having said so."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Read the whole request and close: carried out or not, nobody knows."""


@dataclass(frozen=True, slots=True)
class HangUpMidway:
    """Send half an answer and close."""


@dataclass(frozen=True, slots=True)
class StaySilent:
    """Read the whole request and never answer."""


Act = Reply | ReplyAndHangUp | HangUp | HangUpMidway | StaySilent


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """Counts connections from 1."""

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))


class StripeWire:
    """The server; `play` what should happen, then look at `received`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.hung_up = asyncio.Event()
        self._acts: deque[Act] = deque()
        self._connections = 0
        self._url = ""

    @property
    def url(self) -> str:
        return self._url

    def play(self, *acts: Act) -> None:
        """What to do with the next requests; Reply() where nothing is left."""
        self._acts.extend(acts)

    @asynccontextmanager
    async def open(
        self, *, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[StripeWire]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        self._url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.close()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[StripeClient]:
        """The agent's client, pointed here."""
        async with Connections() as connections:
            yield StripeClient(
                connections,
                api_base=self.url,
                key=StripeKey("rk_test_" + "4" * 24),
                api_version="2026-10-28.endive",
                timeout_s=5.0,
            )

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._connections += 1
        connection = self._connections
        try:
            while (received := await _read(reader, connection)) is not None:
                self.received.append(received)
                act = self._acts.popleft() if self._acts else Reply()
                if not await self._perform(act, reader=reader, writer=writer):
                    break
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.hung_up.set()

    async def _perform(
        self, act: Act, *, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection stays open."""
        match act:
            case Reply(body=body, status=status, headers=headers):
                writer.write(_answer(body, status=status, headers=headers))
                return True
            case ReplyAndHangUp():
                writer.write(_answer({}, status=200, headers={}))
                return False
            case HangUp():
                return False
            case HangUpMidway():
                answer = _answer({"id": "pi_1"}, status=200, headers={})
                writer.write(answer[:-5])
                return False
            case StaySilent():
                await reader.read()  # until the client gives up
                return False
            case _:
                assert_never(act)


async def _read(reader: asyncio.StreamReader, connection: int) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    request_line, *lines = head.decode("ascii").split("\r\n")[:-2]
    method, target, _ = request_line.split(" ")
    pairs = (line.split(": ", 1) for line in lines)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body, connection)


def _answer(
    body: bytes | dict[str, object], *, status: int, headers: Mapping[str, str]
) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


def error(code: str | None = None, **fields: object) -> dict[str, object]:
    """Stripe's error envelope."""
    content = {"type": "invalid_request_error", "message": "No.", **fields}
    return {"error": content | ({} if code is None else {"code": code})}
