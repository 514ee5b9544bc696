"""TCP and in-memory transports, and the choice between them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from drivers.errors import Disconnected, LocalError, TransportUnavailable
from drivers.profile import profile_named
from drivers.transport.base import Transport
from drivers.transport.opening import open_transport, openers
from drivers.transport.pipe import connected_pipes
from drivers.transport.tcp import open_tcp

SCHEMES = openers(profile_named("magtek_dynaprox"))


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[Transport, socket.socket]]:
    """A transport and the plain socket at its other end."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        transport = await open_transport(f"tcp:127.0.0.1:{port}", schemes=SCHEMES)
        peer, _ = await loop.sock_accept(server)
        with peer:
            peer.setblocking(False)
            yield transport, peer
        await transport.aclose()


async def read_exactly(transport: Transport, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        data += await transport.read()
    return bytes(data)


async def test_bytes_go_both_ways_until_the_other_side_hangs_up() -> None:
    loop = asyncio.get_running_loop()
    async with connection() as (transport, peer):
        await transport.write(b"\xc0\x00")
        await loop.sock_sendall(peer, b"\xc0\x01")

        assert await loop.sock_recv(peer, 10) == b"\xc0\x00"
        assert await transport.read() == b"\xc0\x01"
        peer.close()
        with pytest.raises(Disconnected, match="the other side"):
            await transport.read()
        await transport.wait_closed()


async def test_flood_is_held_back_and_read_whole() -> None:
    loop = asyncio.get_running_loop()
    flood = bytes(range(256)) * 128 * 1024
    async with connection() as (transport, peer):
        assert transport.spec.startswith("tcp:127.0.0.1:")
        sending = asyncio.create_task(loop.sock_sendall(peer, flood))
        done, _ = await asyncio.wait([sending], timeout=0.05)

        received = await read_exactly(transport, len(flood))

        await sending
        assert not done
        assert received == flood


async def test_writer_on_a_congested_wire_waits_and_is_woken_by_its_loss() -> None:
    async with connection() as (transport, peer):
        writing = asyncio.create_task(transport.write(bytes(64 * 1024 * 1024)))
        done, _ = await asyncio.wait([writing], timeout=0.01)

        peer.close()

        assert not done
        with pytest.raises(Disconnected):
            await writing


async def test_writer_goes_on_when_the_wire_drains() -> None:
    loop = asyncio.get_running_loop()
    flood = bytes(16 * 1024 * 1024)
    async with connection() as (transport, peer):
        writing = asyncio.create_task(transport.write(flood))

        received = 0
        while received < len(flood):
            received += len(await loop.sock_recv(peer, 1024 * 1024))

        await writing


async def test_what_came_before_the_loss_is_still_read() -> None:
    loop = asyncio.get_running_loop()
    async with connection() as (transport, peer):
        await loop.sock_sendall(peer, b"last words")
        peer.close()
        await transport.wait_closed()

        assert await transport.read() == b"last words"
        with pytest.raises(Disconnected):
            await transport.read()


async def test_wire_may_be_closed_by_two_at_once() -> None:
    async with connection() as (transport, _):
        await asyncio.gather(transport.aclose(), transport.aclose())


async def test_refused_connection_says_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        with pytest.raises(TransportUnavailable, match="is the reader on"):
            await open_tcp(f"tcp:127.0.0.1:{port}")


async def test_unreachable_address_says_why() -> None:
    with pytest.raises(TransportUnavailable) as caught:
        await open_tcp("tcp:255.255.255.255:9100")

    assert caught.value.reason


@pytest.mark.parametrize(
    "spec", ["tcp:9100", "tcp:host:http", "tcp:host:0", "tcp:host:1?nodelay=1"]
)
async def test_malformed_address_is_the_callers_fault(spec: str) -> None:
    with pytest.raises(LocalError):
        await open_tcp(spec)


async def test_unknown_scheme_is_the_callers_fault() -> None:
    with pytest.raises(LocalError, match="serial, tcp, usb"):
        await open_transport("parallel:1", schemes=SCHEMES)


async def test_pipe_delivers_in_chunks_as_small_as_asked() -> None:
    near, far = connected_pipes(chunk_bytes=1)

    await near.write(b"ab")

    assert [await far.read(), await far.read()] == [b"a", b"b"]
    assert near.spec == "pipe:"


async def test_closing_one_end_of_a_pipe_ends_both_after_the_last_byte() -> None:
    near, far = connected_pipes("pipe:test")
    await near.write(b"last")

    await near.aclose()

    assert await far.read() == b"last"
    for end in (near, far):
        await end.wait_closed()
        with pytest.raises(Disconnected):
            await end.read()
        with pytest.raises(Disconnected):
            await end.write(b"more")
