"""HTTP in and out over ASGI: one bounded request in, one answer (or its ruin) out."""

from __future__ import annotations

import socket
import struct
from asyncio import Future, Transport, get_running_loop
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.clock import Clock
from simulator.stripe_api.engine.answers import Answer
from simulator.stripe_api.engine.errors import BodyTooLarge
from simulator.stripe_api.engine.multipart import MEDIA_TYPE

MAXIMUM_BODY_BYTES = 1024 * 1024
MAXIMUM_UPLOAD_BYTES = 17 * 1024 * 1024
"""Stripe's largest files have 16 MB; the rest is for the other parameters."""

_TRANSPORT = "simulator.transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, read to its end."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """A header's value by its lower-case name."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class ResettableHttp(HttpToolsProtocol):
    """uvicorn's protocol, with the transport in the scope so that it can be reset.

    Give it to uvicorn as `http=ResettableHttp`; without it, a connection that should
    be reset is closed in the middle of an answer instead.
    """

    def on_message_begin(self) -> None:
        """Name the connection's transport among the scope's extensions."""
        super().on_message_begin()
        self.scope["extensions"] = {
            _TRANSPORT: cast("dict[object, object]", self.transport)
        }


async def read_request(scope: Scope, receive: Receive) -> HttpRequest:
    """Read a request to its end; raises BodyTooLarge."""
    headers = dict(scope["headers"])
    is_upload = headers.get(b"content-type", b"").startswith(MEDIA_TYPE.encode())
    maximum = MAXIMUM_UPLOAD_BYTES if is_upload else MAXIMUM_BODY_BYTES
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > maximum:
            raise BodyTooLarge(f"The request body exceeds {maximum} bytes.")
        if not message.get("more_body", False):
            break
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=headers,
        body=bytes(body),
    )


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer; head and body leave in the same turn of the event loop."""
    await _send_head(send, answer)
    await send({"type": "http.response.body", "body": answer.body})


async def send_slowly(
    send: Send, answer: Answer, *, clock: Clock, piece_bytes: int, seconds: float
) -> None:
    """Send the body in pieces, each after a pause."""
    await _send_head(send, answer)
    for start in range(0, len(answer.body), piece_bytes):
        await pause(clock, seconds)
        piece = answer.body[start : start + piece_bytes]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def send_cut(
    scope: Scope, receive: Receive, send: Send, answer: Answer, *, after_bytes: int
) -> None:
    """Send so much of the body and close the connection."""
    await _send_head(send, answer)
    piece = answer.body[:after_bytes]
    await send({"type": "http.response.body", "body": piece, "more_body": True})
    transport = _transport(scope)
    if transport is not None:
        transport.close()
        await _gone(receive)


async def reset(scope: Scope, receive: Receive, send: Send) -> None:
    """Reset the connection, so that the client reads no answer at all."""
    transport = _transport(scope)
    if transport is None:
        # The server closes a connection whose answer is shorter than it says.
        await _send_head(send, Answer(200, b" "))
        return
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    await _gone(receive)


async def pause(clock: Clock, seconds: float) -> None:
    """Wait on the simulator's clock, not the machine's."""
    done: Future[None] = get_running_loop().create_future()
    timer = clock.call_later(seconds, lambda: done.set_result(None))
    try:
        await done
    finally:
        timer.cancel()


async def _send_head(send: Send, answer: Answer) -> None:
    length = str(len(answer.body)).encode()
    headers = [*answer.headers, (b"content-length", length)]
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": headers}
    )


def _transport(scope: Scope) -> Transport | None:
    extensions: dict[str, Transport] = scope.get("extensions") or {}
    return extensions.get(_TRANSPORT)


async def _gone(receive: Receive) -> None:
    """Return when the server knows that the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
