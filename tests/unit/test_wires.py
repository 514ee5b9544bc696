"""The wires of simulated readers, against real descriptors and sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import serial
import serial_asyncio_fast

from drivers.profile import profile_named
from simulator.errors import WireUnavailable
from simulator.reader.wires import wire_for
from simulator.reader.wires.descriptor import DescriptorStream
from simulator.reader.wires.pty import PtyWire
from simulator.reader.wires.tcp import TcpWire
from simulator.reader.wires.wire import Nameplate, Wire

PATIENCE_S = 5


def nameplate() -> Nameplate:
    return Nameplate(profile_named("magtek_dynaprox"), "B000001")


class Inbox:
    """What came in, and a way to wait for it."""

    def __init__(self) -> None:
        self.data = b""
        self._grown = asyncio.Event()

    def put(self, data: bytes) -> None:
        self.data += data
        self._grown.set()

    async def until(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.data != data:
                await self._grown.wait()
                self._grown.clear()


@pytest.fixture
async def pty(tmp_path: Path) -> AsyncIterator[PtyWire]:
    wire = PtyWire(str(tmp_path / "reader"))
    yield wire
    wire.unplug()


@pytest.fixture
async def tcp() -> AsyncIterator[TcpWire]:
    wire = TcpWire("127.0.0.1", 0)
    yield wire
    wire.unplug()


def path_of(wire: Wire) -> Path:
    return Path(wire.spec.removeprefix("pty:"))


async def connect(wire: Wire) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = wire.spec.removeprefix("tcp:").split(":")
    return await asyncio.open_connection(host, int(port))


async def test_a_serial_port_carries_every_byte_value_both_ways(pty: PtyWire) -> None:
    inbox = Inbox()
    pty.plug(inbox.put)
    reader, writer = await serial_asyncio_fast.open_serial_connection(
        url=str(path_of(pty)), baudrate=115_200
    )

    writer.write(bytes(range(256)))
    await inbox.until(bytes(range(256)))
    pty.send(bytes(range(256)))

    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(256) == bytes(range(256))
    writer.close()


async def test_a_serial_port_is_there_exactly_while_plugged(pty: PtyWire) -> None:
    pty.plug(Inbox().put)
    first = path_of(pty).readlink()

    pty.unplug()
    assert not path_of(pty).is_symlink()
    pty.unplug()
    pty.plug(Inbox().put)

    assert path_of(pty).is_symlink()
    assert first.parent == path_of(pty).readlink().parent


async def test_a_host_notices_that_its_serial_port_is_gone(pty: PtyWire) -> None:
    pty.plug(Inbox().put)
    reader, writer = await serial_asyncio_fast.open_serial_connection(
        url=str(path_of(pty))
    )

    pty.unplug()

    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(serial.SerialException):
            await reader.read(1)
    writer.transport.abort()


async def test_a_serial_port_without_host_neither_ends_nor_blocks(
    pty: PtyWire,
) -> None:
    pty.plug(Inbox().put)

    pty.send(bytes(3 * 1024 * 1024))

    assert path_of(pty).is_symlink()
    pty.unplug()
    pty.send(b"lost")


async def test_a_large_message_reaches_a_slow_host_whole(pty: PtyWire) -> None:
    pty.plug(Inbox().put)
    reader, writer = await serial_asyncio_fast.open_serial_connection(
        url=str(path_of(pty))
    )

    # More than a terminal holds: the rest waits until the host reads.
    pty.send(b"m" * 300_000)
    pty.send(b"n" * 300_000)

    async with asyncio.timeout(PATIENCE_S):
        received = await reader.readexactly(600_000)
    assert received == b"m" * 300_000 + b"n" * 300_000
    writer.close()


async def test_a_host_that_reset_its_connection_may_come_back(
    tcp: TcpWire,
) -> None:
    inbox = Inbox()
    tcp.plug(inbox.put)
    _, writer = await connect(tcp)
    writer.write(b"x")
    await inbox.until(b"x")
    reset_on_close = struct.pack("ii", 1, 0)
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
    writer.transport.abort()
    await writer.wait_closed()

    _, again = await connect(tcp)
    again.write(b"y")

    await inbox.until(b"xy")
    again.close()


async def test_a_port_replaces_a_stale_link_but_no_file(
    pty: PtyWire, tmp_path: Path
) -> None:
    path_of(pty).symlink_to(tmp_path / "gone")
    pty.plug(Inbox().put)
    assert path_of(pty).is_char_device()
    pty.unplug()

    path_of(pty).write_text("precious")
    with pytest.raises(WireUnavailable, match="exists and is no link"):
        pty.plug(Inbox().put)

    assert path_of(pty).read_text() == "precious"


async def test_a_port_taken_over_by_another_program_stays_its(
    pty: PtyWire, tmp_path: Path
) -> None:
    pty.plug(Inbox().put)
    path_of(pty).unlink()
    path_of(pty).symlink_to(tmp_path)

    pty.unplug()

    assert path_of(pty).readlink() == tmp_path


async def test_a_port_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    wire = PtyWire(str(tmp_path / "missing" / "reader"))

    with pytest.raises(WireUnavailable, match="No such file"):
        wire.plug(Inbox().put)

    assert len(os.listdir("/proc/self/fd")) == open_before


async def test_a_socket_carries_bytes_both_ways(tcp: TcpWire) -> None:
    inbox = Inbox()
    tcp.plug(inbox.put)
    reader, writer = await connect(tcp)

    writer.write(b"to the reader")
    await inbox.until(b"to the reader")
    tcp.send(b"to the host")

    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(11) == b"to the host"
    writer.close()


async def test_the_newest_connection_wins(tcp: TcpWire) -> None:
    inbox = Inbox()
    tcp.plug(inbox.put)
    old_reader, old_writer = await connect(tcp)
    _, new_writer = await connect(tcp)

    async with asyncio.timeout(PATIENCE_S):
        assert await old_reader.read() == b""
    new_writer.write(b"new")
    await inbox.until(b"new")

    old_writer.close()
    new_writer.close()


async def test_unplugging_ends_the_connection_and_refuses_new_ones(
    tcp: TcpWire,
) -> None:
    tcp.plug(Inbox().put)
    reader, writer = await connect(tcp)
    writer.write(b"x")

    tcp.unplug()

    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionError):
            await connect(tcp)
    tcp.send(b"lost")
    writer.close()
    del reader


async def test_the_port_stays_the_same_after_plugging_again(tcp: TcpWire) -> None:
    tcp.plug(Inbox().put)
    before = tcp.spec

    tcp.unplug()
    tcp.plug(Inbox().put)

    assert tcp.spec == before != "tcp:127.0.0.1:0"


async def test_a_host_that_hangs_up_may_come_back(tcp: TcpWire) -> None:
    inbox = Inbox()
    tcp.plug(inbox.put)
    _, writer = await connect(tcp)
    writer.close()
    await writer.wait_closed()

    _, writer = await connect(tcp)
    writer.write(b"again")
    await inbox.until(b"again")

    writer.close()


async def test_a_taken_address_is_an_error(tcp: TcpWire) -> None:
    tcp.plug(Inbox().put)
    host, port = tcp.spec.removeprefix("tcp:").split(":")

    with pytest.raises(WireUnavailable, match="in use"):
        TcpWire(host, int(port)).plug(Inbox().put)


def test_a_wire_is_chosen_by_its_spec() -> None:
    specs = ["pty:/tmp/reader", "tcp:127.0.0.1:4001", "tcp:::1:4001"]

    assert [wire_for(spec, nameplate).spec for spec in specs] == specs


@pytest.mark.parametrize(
    "spec", ["", "pty", "pty:", "tcp:", "tcp:127.0.0.1", "tcp:host:65536", "usb:1"]
)
def test_an_unknown_spec_is_refused(spec: str) -> None:
    with pytest.raises(WireUnavailable, match="pty:PATH, tcp:HOST:PORT"):
        wire_for(spec, nameplate)


async def test_a_write_to_a_host_that_is_gone_is_dropped_and_the_end_told() -> None:
    ours, theirs = socket.socketpair()
    closed = asyncio.Event()
    stream = DescriptorStream(
        ours.detach(), received=lambda data: None, closed=closed.set
    )
    theirs.close()

    stream.send(b"lost")

    async with asyncio.timeout(PATIENCE_S):
        await closed.wait()
    stream.close()
