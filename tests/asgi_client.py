"""Calls an ASGI application in this process, as a server would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """Stripe's error object."""
        return self.json()["error"]


class AsgiClient:
    """A caller on this machine with a local key."""

    def __init__(self, app: ASGIApp, *, key: str | None) -> None:
        self._app = app
        self._headers = {"host": "127.0.0.1:7345"}
        if key is not None:
            self._headers["authorization"] = f"Bearer {key}"

    async def get(
        self, target: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return await self.request("GET", target, headers=headers)

    async def post(
        self,
        target: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A form, as Stripe's clients send it."""
        typed = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode(form or {}).encode()
        return await self.request(
            "POST", target, headers={**typed, **(headers or {})}, chunks=[body]
        )

    async def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        chunks: Sequence[bytes | None] = (b"",),
    ) -> Answer:
        """Send the body in these chunks; a header of "" is left out.

        At None the caller falls silent.
        """
        exchange = _Exchange(list(chunks))
        scope = self._scope(method, target, headers or {})
        await self._app(scope, exchange.receive, exchange.send)
        return exchange.answer()

    async def hang_up_on(
        self,
        target: str,
        headers: Mapping[str, str],
        *,
        when: asyncio.Event,
        method: str = "GET",
        chunks: Sequence[bytes | None] = (b"",),
    ) -> Answer:
        """Ask, and leave in the middle of the answer; what had come of it."""
        exchange = _Exchange(list(chunks), hangs_up=when)
        scope = self._scope(method, target, headers)
        await self._app(scope, exchange.receive, exchange.send)
        return exchange.answer()

    def _scope(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        path, _, query = target.partition("?")
        given = {**self._headers, **headers}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in given.items()
                if value
            ],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 7345),
        }


class _Exchange:
    """Both sides of one request."""

    def __init__(
        self, chunks: list[bytes | None], *, hangs_up: asyncio.Event | None = None
    ) -> None:
        """Without `hangs_up` the caller stays on the line."""
        self._chunks = chunks
        self._hangs_up = hangs_up or asyncio.Event()
        self._sent: list[Message] = []

    async def receive(self) -> Message:
        if not self._chunks:
            await self._hangs_up.wait()
            return {"type": "http.disconnect"}
        body = self._chunks.pop(0)
        if body is None:
            await self._hangs_up.wait()
        return {
            "type": "http.request",
            "body": body,
            "more_body": bool(self._chunks),
        }

    async def send(self, message: Message) -> None:
        self._sent.append(message)

    def answer(self) -> Answer:
        start, *parts = self._sent
        return Answer(
            status=start["status"],
            headers={
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in start["headers"]
            },
            body=b"".join(part.get("body", b"") for part in parts),
        )
