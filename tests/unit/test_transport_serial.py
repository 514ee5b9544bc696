"""The serial transport over a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import errno
import os
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from drivers.errors import Disconnected, LocalError, TransportUnavailable
from drivers.profile import LineSettings
from drivers.transport.base import Transport
from drivers.transport.serial import open_serial, reason_of


@dataclass
class Port:
    """A pseudo-terminal: tests hold the reader's side of it."""

    master: int
    path: str

    def receive(self) -> bytes:
        return os.read(self.master, 4096)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def unplug(self) -> None:
        os.close(self.master)
        self.master = -1


@pytest.fixture
def port() -> Iterator[Port]:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = Port(master, os.ttyname(slave))
    os.close(slave)
    yield port
    if port.master != -1:
        os.close(port.master)


async def read_exactly(transport: Transport, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += await transport.read()
    return data


async def test_bytes_go_both_ways(port: Port) -> None:
    transport = await open_serial(f"serial:{port.path}?baudrate=9600&parity=N")

    await transport.write(b"\xaa\x00\xc0")
    port.send(b"\x11\x13\xff")

    assert port.receive() == b"\xaa\x00\xc0"
    assert await transport.read() == b"\x11\x13\xff"
    await transport.aclose()


async def test_a_write_longer_than_the_port_holds_arrives_and_leaves_the_loop_alone(
    port: Port,
) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: faults.append(context)
    )
    transport = await open_serial(f"serial:{port.path}")
    image, arrived = bytes(range(256)) * 1024, b""

    writing = asyncio.create_task(transport.write(image))
    while len(arrived) < len(image):
        arrived += await asyncio.to_thread(port.receive)
    await writing
    await transport.write(b"\xc0")

    assert await asyncio.to_thread(port.receive) == b"\xc0"
    assert arrived == image
    assert faults == []
    await transport.aclose()


async def test_bytes_arriving_one_by_one_are_all_read(port: Port) -> None:
    transport = await open_serial(f"serial:{port.path}")
    reading = asyncio.create_task(read_exactly(transport, 64))

    for byte in range(64):
        port.send(bytes((byte,)))
        await asyncio.sleep(0)

    assert await reading == bytes(range(64))
    await transport.aclose()


async def test_unplugging_ends_reading_writing_and_waiting(port: Port) -> None:
    transport = await open_serial(f"serial:{port.path}")
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)

    port.unplug()

    with pytest.raises(Disconnected, match="unplugged") as caught:
        await reading
    assert caught.value.spec == f"serial:{port.path}"
    await transport.wait_closed()
    with pytest.raises(Disconnected):
        await transport.write(b"\x00")
    await transport.aclose()


async def test_closing_wakes_the_one_who_reads(port: Port) -> None:
    transport = await open_serial(f"serial:{port.path}")
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)

    await transport.aclose()
    await transport.aclose()

    with pytest.raises(Disconnected, match="closed by this program"):
        await reading


async def test_port_is_taken_exclusively_and_given_back(port: Port) -> None:
    first = await open_serial(f"serial:{port.path}")

    with pytest.raises(TransportUnavailable, match="in use by another program"):
        await open_serial(f"serial:{port.path}")

    await first.aclose()
    second = await open_serial(f"serial:{port.path}")
    await second.aclose()


async def test_more_than_the_buffer_holds_is_still_read_whole(port: Port) -> None:
    transport = await open_serial(f"serial:{port.path}")
    sending = asyncio.to_thread(send_slowly, port, 400)

    received, _ = await asyncio.gather(read_exactly(transport, 400_000), sending)

    assert received == bytes(range(250)) * 1600
    await transport.aclose()


def send_slowly(port: Port, chunks: int) -> None:
    for _ in range(chunks):
        port.send(bytes(range(250)) * 4)


def test_serial_ports_work_on_uvloop(port: Port) -> None:
    async def exchange() -> bytes:
        transport = await open_serial(f"serial:{port.path}")
        port.send(b"\x42")
        data = await transport.read()
        await transport.aclose()
        return data

    assert uvloop.run(exchange()) == b"\x42"


async def test_missing_port_says_so(tmp_path: Path) -> None:
    with pytest.raises(TransportUnavailable, match="is the reader plugged in"):
        await open_serial(f"serial:{tmp_path}/ttyUSB0")


async def test_line_settings_the_port_does_not_know_say_so(port: Port) -> None:
    with pytest.raises(TransportUnavailable, match="line settings"):
        await open_serial(f"serial:{port.path}?parity=E")

    transport = await open_serial(f"serial:{port.path}")
    await transport.aclose()


async def test_file_that_is_no_port_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")

    with pytest.raises(TransportUnavailable):
        await open_serial(f"serial:{tmp_path}/plain")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_missing_permission_names_the_group_to_join(number: int) -> None:
    assert "dialout group" in reason_of(OSError(number, "denied"))


def test_other_reasons_are_passed_on() -> None:
    assert reason_of(ValueError("odd baud rate")) == "odd baud rate"


@pytest.mark.parametrize(
    "spec",
    [
        "serial:ttyUSB0",
        "serial:/dev/null?baudrate=fast",
        "serial:/dev/null?parity=X",
        "serial:/dev/null?colour=red",
        "serial:/dev/null?baudrate",
        "serial:/dev/null?parity=N&parity=E",
        "/dev/ttyUSB0",
        ":",
    ],
)
async def test_malformed_spec_is_the_callers_fault(spec: str) -> None:
    with pytest.raises(LocalError):
        await open_serial(spec, line=LineSettings())
