"""One event over a real connection: which answers count, and what is never followed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from local_certificate import local_certificate
from stripe_wire import StripeWire

from agent.outbox.destination import destination_of
from agent.outbox.posting import HttpPost, PostFailed

BODY = b'{"id": "evt_1"}'


@dataclass
class Endpoint:
    """A server that answers every request with these bytes; none for silence."""

    answer: bytes
    url: str = ""
    heard: list[bytes] = field(default_factory=list)
    _connections: list[asyncio.Transport] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Endpoint]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(partial(_Caller, self), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook?till=1"
        async with server:
            yield self
            for connection in self._connections:
                connection.abort()

    def took(self, request: bytes, connection: asyncio.Transport) -> None:
        """A whole request has come."""
        self.heard.append(request)
        self._connections.append(connection)
        if self.answer:
            connection.write(self.answer)
            connection.close()


class _Caller(asyncio.Protocol):
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(BODY):
            self._endpoint.took(self._received, self._transport)


async def posted(url: str, *, ca_file: Path | None = None) -> int:
    post = HttpPost(timeout_s=10.0, ca_file=ca_file)
    return await post(destination_of(url, hosts=()), BODY, headers={"x-one": "1"})


async def test_an_event_arrives_whole_with_its_headers() -> None:
    async with Endpoint(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").open() as one:
        status = await posted(one.url)

    head, _, body = one.heard[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert (status, body) == (200, BODY)
    assert lines[0] == b"POST /hook?till=1 HTTP/1.1"
    assert {b"x-one: 1", b"content-length: 15", b"connection: close"} <= set(lines)
    assert lines[1].startswith(b"host: 127.0.0.1:")


@pytest.mark.parametrize("status", [204, 302, 404, 500])
async def test_the_status_is_all_that_counts(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\n\r\n".encode()
    async with Endpoint(answer).open() as endpoint:
        assert await posted(endpoint.url) == status

    assert len(endpoint.heard) == 1


async def test_an_interim_answer_is_none() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n"
    async with Endpoint(answer).open() as endpoint:
        assert await posted(endpoint.url) == 202


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "no answer within 10 s"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP"),
        (b"HTTP/1.1 200", "hung up"),
    ],
)
async def test_what_is_no_answer_is_told(answer: bytes, why: str) -> None:
    async with Endpoint(answer).open() as endpoint:
        with pytest.raises(PostFailed, match=why):
            await posted(endpoint.url)


async def test_nobody_there_is_told() -> None:
    async with Endpoint(b"").open() as endpoint:
        url = endpoint.url

    with pytest.raises(PostFailed):
        await posted(url)
    with pytest.raises(PostFailed):
        await posted(url.replace("127.0.0.1", "localhost"))


async def test_localhost_is_this_machine() -> None:
    async with Endpoint(b"HTTP/1.1 200 OK\r\n\r\n").open() as endpoint:
        assert await posted(endpoint.url.replace("127.0.0.1", "localhost")) == 200


async def test_a_certificate_is_believed_only_from_the_authority_that_was_named(
    tmp_path: Path,
) -> None:
    certificate = local_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with StripeWire().open(tls=tls) as wire:
        status = await posted(f"{wire.url}/hook", ca_file=certificate)
        with pytest.raises(PostFailed, match="certificate"):
            await posted(f"{wire.url}/hook")

    assert status == 200
    assert len(wire.received) == 1
