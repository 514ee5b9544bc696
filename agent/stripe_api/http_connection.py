"""One HTTP/1.1 connection: a request goes out, its whole answer comes back.

Knows bytes and their end, nothing of what an answer or its absence means.
"""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from agent.stripe_api.answers import Answer

LONGEST_BODY_BYTES = 32 * 1024 * 1024


class ConnectionBroken(Exception):
    """No whole answer will come; whether the request arrived is unknown."""


class HttpConnection(asyncio.Protocol):
    """Takes one request at a time. httptools parses what comes, as it does for uvicorn."""

    def __init__(self) -> None:
        self.is_usable = False
        """Whether another request may be sent."""
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._has_body = True
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    async def ask(
        self, request: bytes, *, deadline_s: float, has_body: bool = True
    ) -> Answer:
        """Send a whole request; `has_body` is False where its answer is only a head.

        Raises ConnectionBroken, or TimeoutError at `deadline_s` on the loop's clock.
        Whoever gives up waiting breaks the connection, so that the answer is not taken
        for that of another request.
        """
        if self._transport is None or not self.is_usable:
            raise ConnectionBroken("the connection was closed before")
        self.is_usable = False
        self._has_body = has_body
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._transport.write(request)
        timer = loop.call_at(deadline_s, self._break, TimeoutError())
        try:
            return await self._answer
        finally:
            timer.cancel()
            self._answer = None
            if not self.is_usable:
                self.close()

    def close(self) -> None:
        """Hang up."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop when the other side has accepted."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_usable = True

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with bytes of an answer."""
        if self._answer is None:
            self.close()  # Nothing was asked, so this cannot be an answer.
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            reason = f"that is no HTTP: {type(error).__name__}"
            self._break(ConnectionBroken(reason))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop, once, when either side has hung up."""
        self._transport = None
        self._break(ConnectionBroken("the other side hung up"))

    def on_message_begin(self) -> None:
        """Called by the parser, as are the others below."""
        self._headers = {}
        self._body.clear()
        if self._awaited is None:
            self.close()  # A second answer: the next request's would be the third.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if not self._has_body and not self._is_interim:
            # The parser goes on to expect a body, so it is of no use any more.
            self._conclude(is_usable=False)

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > LONGEST_BODY_BYTES:
            self._break(ConnectionBroken("the answer is too long"))

    def on_message_complete(self) -> None:
        if not self._is_interim:
            self._conclude(is_usable=self._parser.should_keep_alive())

    @property
    def _is_interim(self) -> bool:
        """RFC 9110, 15.2: any number of these may come before the answer."""
        return bool(self._parser.get_status_code() < 200)

    def _conclude(self, *, is_usable: bool) -> None:
        awaited = self._awaited
        if awaited is not None:
            self.is_usable = is_usable
            status = self._parser.get_status_code()
            awaited.set_result(Answer(status, self._headers, bytes(self._body)))

    def _break(self, error: ConnectionBroken | TimeoutError) -> None:
        self.is_usable = False
        awaited = self._awaited
        if awaited is not None:
            awaited.set_exception(error)

    @property
    def _awaited(self) -> asyncio.Future[Answer] | None:
        """The answer for which somebody waits still."""
        answer = self._answer
        return None if answer is None or answer.done() else answer
