"""A simulated reader as a USB device, over real sockets with a host of our own."""

from __future__ import annotations

import asyncio
import errno
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import pytest
import uvloop
from usbip_host import AttachedDevice, TransferError, bus_ids

from drivers.profile import Profile, UsbId, profile_named
from simulator.errors import WireUnavailable
from simulator.reader.wires.usbip import UsbipWire, report_descriptor
from simulator.reader.wires.wire import Nameplate

Result = TypeVar("Result")
PATIENCE_S = 10
REPORT = bytes(range(64))
DYNAPROX = replace(
    profile_named("magtek_dynaprox"), usb=(UsbId(0x0801, 0x2023), UsbId(0x0801, 1))
)
NEO = replace(DYNAPROX, family="idtech_neo", vendor="ID TECH", model="VP3300")


@dataclass
class Reader:
    """The reader's end of the cable."""

    wire: UsbipWire
    received: asyncio.Queue[bytes]

    @property
    def address(self) -> tuple[str, int]:
        _, host, port = self.wire.spec.split(":")
        return host, int(port)

    async def attach(self) -> AttachedDevice:
        """Have a host take the device."""
        return await meanwhile(AttachedDevice, self.address, "1-1", bus=1)

    async def next_report(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.received.get()


async def meanwhile(
    call: Callable[..., Result], *arguments: object, **options: object
) -> Result:
    """What a host does that has a thread of its own."""
    return await asyncio.to_thread(partial(call, *arguments, **options))


@asynccontextmanager
async def plugged_in(profile: Profile = DYNAPROX) -> AsyncIterator[Reader]:
    plate = Nameplate(profile, "B000001")
    wire = UsbipWire("127.0.0.1", 0, lambda: plate)
    reader = Reader(wire, asyncio.Queue())
    wire.plug(reader.received.put_nowait)
    yield reader
    wire.unplug()


@asynccontextmanager
async def attached(
    profile: Profile = DYNAPROX,
) -> AsyncIterator[tuple[Reader, AttachedDevice]]:
    async with plugged_in(profile) as reader:
        device = await reader.attach()
        yield reader, device
        await meanwhile(device.detach)


def text(device: AttachedDevice, index: int) -> str:
    setup = struct.pack("<BBHHH", 0x80, 6, 3 << 8 | index, 0x0409, 255)
    return device.control(setup)[2:].decode("utf-16-le")


async def test_the_device_is_what_the_reader_is() -> None:
    async with attached() as (reader, device):
        ids = struct.unpack_from("<HH", device.descriptor, 8)
        strings = [
            await meanwhile(text, device, index) for index in device.descriptor[14:17]
        ]
        exported = await meanwhile(bus_ids, reader.address)

    assert ids == (0x0801, 0x2023)
    assert strings == ["MagTek", "DynaProx", "B000001"]
    assert exported == ["1-1"]


async def test_reports_go_both_ways() -> None:
    async with attached() as (reader, device):
        await meanwhile(device.write, 0x02, REPORT, timeout_s=PATIENCE_S)
        received = await reader.next_report()
        reader.wire.send(REPORT[::-1])
        read = await meanwhile(device.read, 0x81, 64, timeout_s=PATIENCE_S)

    assert (received, read) == (REPORT, REPORT[::-1])


async def test_numbered_reports_come_as_control_transfers() -> None:
    async with attached(NEO) as (reader, device):
        report = b"\x02" + bytes(63)
        set_report = struct.pack("<BBHHH", 0x21, 9, 0x0202, 0, 64)
        await meanwhile(device.control, set_report, report)
        received = await reader.next_report()
        get_descriptor = struct.pack("<BBHHH", 0x81, 6, 0x2200, 0, 255)
        described = await meanwhile(device.control, get_descriptor)

    assert received == report
    assert [each[2] for each in device.descriptors(5)] == [0x81]
    assert described == report_descriptor((1, 2, 3, 4))
    assert b"\x85\x01\x95\x3f" in described
    assert b"\x85\x04\x95\x3f" in described


async def test_given_up_read_loses_no_report() -> None:
    async with attached() as (reader, device):
        with pytest.raises(TransferError) as given_up:
            await meanwhile(device.read, 0x81, 64, timeout_s=0.001)
        reader.wire.send(REPORT)
        read = await meanwhile(device.read, 0x81, 64, timeout_s=PATIENCE_S)

    assert given_up.value.number == errno.ETIMEDOUT
    assert read == REPORT


async def test_unplugging_ends_a_pending_read_and_the_device() -> None:
    async with attached() as (reader, device):
        reading = asyncio.create_task(meanwhile(device.read, 0x81, 64, timeout_s=None))
        await asyncio.sleep(0)

        reader.wire.unplug()
        reader.wire.send(REPORT)

        with pytest.raises(TransferError) as gone:
            await reading
        assert gone.value.number == errno.ENODEV
        assert await meanwhile(bus_ids, reader.address) == []


async def test_reader_plugged_in_again_is_another_device_at_the_same_port() -> None:
    async with attached() as (reader, first):
        reader.wire.unplug()
        reader.wire.plug(reader.received.put_nowait, product_id=0x2021)
        second = await reader.attach()
        ids = struct.unpack_from("<HH", second.descriptor, 8)
        await meanwhile(second.detach)

    assert ids == (0x0801, 0x2021)
    assert second.number != first.number


async def test_report_under_way_does_not_reach_a_reader_without_cable() -> None:
    async with plugged_in() as reader:
        reports: list[bytes] = []

        def pull_the_cable(report: bytes) -> None:
            reports.append(report)
            reader.wire.unplug()

        reader.wire.unplug()
        reader.wire.plug(pull_the_cable)
        answer, writer = await asyncio.open_connection(*reader.address)
        writer.write(struct.pack(">HHI32s", 0x0111, 0x8003, 0, b"1-1"))
        for number in (1, 2):
            writer.write(struct.pack(">IIIIIII20x", 1, number, 0, 0, 2, 0, 64) + REPORT)
        async with asyncio.timeout(PATIENCE_S):
            await answer.read()
        writer.close()

    assert reports == [REPORT]


async def test_one_host_has_the_device_until_it_lets_go() -> None:
    async with attached() as (reader, first):
        with pytest.raises(ConnectionRefusedError, match="00000002"):
            await reader.attach()
        reader.wire.send(b"of the first host" + bytes(47))
        await meanwhile(first.detach)

        second = await reader.attach()
        reader.wire.send(REPORT)
        read = await meanwhile(second.read, 0x81, 64, timeout_s=PATIENCE_S)
        await meanwhile(second.detach)

    assert read == REPORT


async def test_there_is_no_device_elsewhere_on_the_bus() -> None:
    async with plugged_in() as reader:
        with pytest.raises(ConnectionRefusedError, match="00000004"):
            await meanwhile(AttachedDevice, reader.address, "1-2", bus=1)


async def test_host_that_never_reads_loses_reports_in_the_end() -> None:
    async with attached() as (reader, device):
        for number in range(2000):
            reader.wire.send(number.to_bytes(64, "big"))

        read = [
            int.from_bytes(await meanwhile(device.read, 0x81, 64, timeout_s=PATIENCE_S))
            for _ in range(1024)
        ]
        reader.wire.send(bytes(64))
        next_read = await meanwhile(device.read, 0x81, 64, timeout_s=PATIENCE_S)

    assert read == list(range(1024))
    assert next_read == bytes(64)


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", bytes(8)])
async def test_noise_ends_the_connection(noise: bytes) -> None:
    async with plugged_in() as reader:
        answer, writer = await asyncio.open_connection(*reader.address)
        writer.write(noise)

        async with asyncio.timeout(PATIENCE_S):
            assert await answer.read() == b""
        writer.close()


async def test_transfer_without_a_device_ends_the_connection() -> None:
    async with attached() as (reader, _):
        answer, writer = await asyncio.open_connection(*reader.address)
        refused = struct.pack(">HHI32s", 0x0111, 0x8003, 0, b"1-1")
        writer.write(refused + struct.pack(">IIIIII24x", 2, 1, 0, 0, 0, 1))

        async with asyncio.timeout(PATIENCE_S):
            assert len(await answer.read()) == 8
        writer.close()


async def test_reader_without_usb_and_a_taken_port_say_so() -> None:
    serial_only = Nameplate(replace(DYNAPROX, usb=()), "B000001")
    with pytest.raises(WireUnavailable, match="no USB device"):
        UsbipWire("127.0.0.1", 0, lambda: serial_only).plug(print)

    async with plugged_in() as reader:
        plate = Nameplate(DYNAPROX, "B000002")
        with pytest.raises(WireUnavailable, match="in use"):
            UsbipWire(*reader.address, lambda: plate).plug(print)


def test_usbip_works_on_uvloop() -> None:
    async def exchange() -> bytes:
        async with attached() as (reader, device):
            reader.wire.send(REPORT)
            return await meanwhile(device.read, 0x81, 64, timeout_s=PATIENCE_S)

    assert uvloop.run(exchange()) == REPORT
