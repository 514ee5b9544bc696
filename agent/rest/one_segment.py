"""Answers in one TCP segment: what is written in one turn of the loop leaves together.

uvicorn writes the head of an answer and its body apart. A client that delays its ACKs
then waits 40 ms for the second segment, on every request of a kept-alive connection.
"""

from __future__ import annotations

import asyncio
from asyncio import BaseProtocol, Transport
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agent.rest.event_stream import ENDLESS

STALLED_S = 30.0
"""A caller that takes nothing of its answer for so long is hung up on."""
LARGEST_HEAD_BYTES = 65_536
"""All cookies of a page on this machine fit in; without a bound a head takes all memory."""
_HEAD_TOO_LARGE = "HTTP/1.1 431 Request Header Fields Too Large"


class OneSegmentProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol over a transport that joins writes."""

    head_timeout_s: ClassVar[float] = 10.0
    """How long a caller may take to send a request's head, from its first byte on, and
    how long to send the first byte. Between requests uvicorn's own limit counts."""
    _stalled: asyncio.TimerHandle | None = None
    _unended_bytes = 0
    """Received since a head or a part of a body has last come to its end."""
    _is_head_too_large = False

    def data_received(self, data: bytes) -> None:
        """As uvicorn's own, which would keep a head, or trailers, of any size."""
        self._unended_bytes += len(data)
        super().data_received(data)
        if self._unended_bytes > LARGEST_HEAD_BYTES and not self._is_head_too_large:
            self._is_head_too_large = True
            self.send_400_response("The head is too large.")

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's own, or 431; then the connection ends."""
        if not self._is_head_too_large:
            super().send_400_response(msg)
            return
        self.transport.write(
            f"{_HEAD_TOO_LARGE}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        self.transport.close()

    def on_body(self, body: bytes) -> None:
        """As uvicorn's own."""
        self._unended_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """As uvicorn's own."""
        self._unended_bytes = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        """As uvicorn's own; whoever does not read at all must not stay for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """As uvicorn's own: the caller goes on reading."""
        self._forget_stall()
        super().resume_writing()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """As uvicorn's own, which narrows the transport's type too."""
        self._joined = JoinedWrites(transport)
        super().connection_made(self._joined)
        self._head_timer = self.loop.call_later(self.head_timeout_s, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's own."""
        self._head_timer.cancel()
        self._forget_stall()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """As uvicorn's own; from here on the head is awaited."""
        super().on_message_begin()
        self._head_timer.cancel()
        self._head_timer = self.loop.call_later(
            self.head_timeout_s, self.transport.close
        )

    def on_headers_complete(self) -> None:
        """As uvicorn's own, in time and within bounds."""
        self._head_timer.cancel()
        self._unended_bytes = 0
        size = len(self.url) + sum(
            len(name) + len(value) for name, value in self.headers
        )
        if size > LARGEST_HEAD_BYTES:
            self._is_head_too_large = True
            raise ValueError("the head is too large")  # which ends the parser
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's own, with an answer that is whole on its way at once."""
        self._joined.flush()
        super().on_response_complete()

    def _forget_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def shutdown(self) -> None:
        """Let answers under way finish, but hang up on those that never would."""
        super().shutdown()
        # Before the first request there is no cycle, whatever uvicorn's types say.
        if ENDLESS in getattr(self.cycle, "scope", ()):
            self.transport.close()


class JoinedWrites(Transport):
    """A transport whose writes wait for the end of the loop's turn."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` with all else that is written before the loop turns."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            joined = b"".join(self._waiting)
            self._waiting.clear()
            self._transport.write(joined)

    def close(self) -> None:
        """Send what waits, then close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what waits is lost."""
        self._waiting.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_protocol(self, protocol: BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> BaseProtocol:
        return self._transport.get_protocol()
