"""The USB transport with unmodified pyusb, against devices over USB/IP: what it carries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from usb_devices import (
    HID_IN,
    HID_OUT,
    SPEC,
    EchoDevice,
    UsbBus,
    all_threads_ended,
    bulk_device,
    hid_device,
)
from usbip.classes.device.hid import HID
from usbip.core import Stall
from usbip_backend import UsbipBackend, install

from drivers.errors import Disconnected, LocalError, TransportUnavailable
from drivers.transport.base import Transport
from drivers.transport.usb import MOST_UNSENT, open_usb
from drivers.wires import WireKind
from simulator.reader.wires.usbip import report_descriptor

pytest_plugins = ("usb_fixtures",)

REPORT = b"\x02" + bytes(range(63))
PATIENCE_S = 10


def numbered_device(serial_number: str | None = "A1") -> EchoDevice:
    return hid_device(serial_number, report_ids=(1, 2, 3, 4))


MakeDevice = Callable[..., EchoDevice]
KINDS: dict[str, MakeDevice] = {
    "reports": hid_device,
    "numbered reports": numbered_device,
    "stream": bulk_device,
}


@pytest.fixture(params=KINDS)
async def device(request: pytest.FixtureRequest, usb_bus: UsbBus) -> EchoDevice:
    """A device of each kind, plugged in."""
    return usb_bus.plug(KINDS[request.param]())


async def read_exactly(transport: Transport, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) < count:
            data += await transport.read()
    return data


async def test_what_is_written_arrives_and_what_comes_is_read(
    device: EchoDevice,
) -> None:
    transport = await open_usb(SPEC)

    await transport.write(REPORT)

    assert await read_exactly(transport, 64) == REPORT
    assert device.received == [REPORT]
    assert transport.spec == SPEC
    await transport.aclose()


async def test_reports_are_packets_and_bulk_data_are_a_stream(usb_bus: UsbBus) -> None:
    reports = await open_usb_of(usb_bus, hid_device())
    stream = await open_usb_of(usb_bus, bulk_device("B1"))

    assert (reports.kind, reports.packet_bytes) == (WireKind.HID, 64)
    assert (stream.kind, stream.packet_bytes) == (WireKind.STREAM, None)
    await reports.aclose()
    await stream.aclose()


async def open_usb_of(usb_bus: UsbBus, device: EchoDevice) -> Transport:
    usb_bus.plug(device)
    return await open_usb(f"{SPEC}?path={usb_bus.path_of(device)}")


async def test_each_read_is_one_report(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)

    reports = [bytes((number,)) * 64 for number in range(100)]
    device.send(*reports)

    assert [await transport.read() for _ in reports] == reports
    await transport.aclose()


async def test_what_comes_is_handed_over_as_it_comes(device: EchoDevice) -> None:
    transport = await open_usb(SPEC)
    received: asyncio.Queue[bytes] = asyncio.Queue()

    transport.receive(received.put_nowait)
    await transport.write(REPORT)

    async with asyncio.timeout(PATIENCE_S):
        assert await received.get() == REPORT
    device.unplug()
    with pytest.raises(Disconnected):
        await transport.read()
    await transport.aclose()


async def test_long_writes_of_a_stream_arrive_whole(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(bulk_device())
    transport = await open_usb(SPEC)

    await transport.write(bytes(range(250)) * 40)

    assert await read_exactly(transport, 10_000) == bytes(range(250)) * 40
    assert b"".join(device.received) == bytes(range(250)) * 40
    await transport.aclose()


async def test_numbered_report_is_announced_with_its_number(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(numbered_device())
    values: list[int] = []
    device.answer_control(lambda setup, _: values.append(setup.wValue))
    transport = await open_usb(SPEC)

    await transport.write(REPORT)
    await transport.read()

    assert values[-1] == 0x0202
    await transport.aclose()


async def test_report_without_number_comes_as_control_transfer_too(
    usb_bus: UsbBus,
) -> None:
    device = EchoDevice()
    interface = HID(report_descriptor(()), in_interval=1, on_output=device.take)
    device.add(interface, incoming=interface.in_ep)
    usb_bus.plug(device)
    values: list[int] = []
    device.answer_control(lambda setup, _: values.append(setup.wValue))
    transport = await open_usb(SPEC)

    await transport.write(REPORT)
    await transport.read()

    assert values[-1] == 0x0200
    assert device.received == [REPORT]
    await transport.aclose()


@pytest.mark.parametrize("size", [0, 65])
async def test_report_of_another_size_is_the_callers_fault(
    usb_bus: UsbBus, size: int
) -> None:
    usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)

    with pytest.raises(LocalError, match=f"report of {size} bytes"):
        await transport.write(bytes(size))
    await transport.aclose()


async def test_more_than_is_read_is_held_back_and_then_read_whole(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(bulk_device())
    transport = await open_usb(SPEC)

    pieces = [bytes((number,)) * 50_000 for number in range(10)]
    device.send(*pieces)

    assert await read_exactly(transport, 500_000) == b"".join(pieces)
    await transport.aclose()


async def test_unplugging_ends_reading_writing_and_waiting(device: EchoDevice) -> None:
    transport = await open_usb(SPEC)
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)

    device.unplug()

    with pytest.raises(Disconnected, match="unplugged") as caught:
        await reading
    assert caught.value.spec == SPEC
    await transport.wait_closed()
    with pytest.raises(Disconnected):
        await transport.write(REPORT)
    await transport.aclose()
    await all_threads_ended()


async def test_what_came_before_the_plug_was_pulled_is_still_read(
    device: EchoDevice,
) -> None:
    transport = await open_usb(SPEC)
    device.send(REPORT)
    first = await read_exactly(transport, 64)

    device.send(REPORT, REPORT)
    await device.usb.is_read.wait()
    device.unplug()

    assert first == REPORT
    assert await read_exactly(transport, 128) == REPORT * 2
    with pytest.raises(Disconnected):
        await transport.read()
    await transport.aclose()


async def fill(transport: Transport, device: EchoDevice) -> None:
    """Write as much as can be without the device taking any of it."""
    device.usb.is_busy = True
    for _ in range(MOST_UNSENT + 1):
        await transport.write(REPORT)
        await device.usb.has_waiting.wait()


async def test_plug_pulled_while_a_busy_device_keeps_a_writer_waiting_ends_that(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)
    await fill(transport, device)
    writing = asyncio.create_task(transport.write(REPORT))
    await asyncio.sleep(0)
    is_waiting = not writing.done()

    device.unplug()

    with pytest.raises(Disconnected, match="unplugged"):
        await writing
    assert is_waiting
    await transport.aclose()


async def test_reader_plugged_in_again_can_be_opened_again(device: EchoDevice) -> None:
    first = await open_usb(SPEC)
    device.unplug()
    await first.wait_closed()
    await first.aclose()
    with pytest.raises(TransportUnavailable, match="is it plugged in"):
        await open_usb(SPEC)

    device.plug()
    second = await open_usb(SPEC)
    await second.write(REPORT)

    assert await read_exactly(second, 64) == REPORT
    await second.aclose()


async def test_closing_wakes_those_who_wait_and_leaves_nothing(
    usb_bus: UsbBus, device: EchoDevice
) -> None:
    kernels = await usb_bus.attached(device)
    drivers_before = set(kernels.kernel_drivers)
    transport = await open_usb(SPEC)
    drivers_meanwhile = set(kernels.kernel_drivers)
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)

    await transport.aclose()
    await transport.aclose()

    with pytest.raises(Disconnected, match="closed by this program"):
        await reading
    with pytest.raises(Disconnected, match="closed by this program"):
        await transport.write(REPORT)
    await all_threads_ended()
    assert usb_bus.backend.open_handles == set()
    assert drivers_meanwhile == set()
    assert kernels.kernel_drivers == drivers_before
    assert kernels.claims == {}


async def test_closing_wakes_a_writer_that_a_busy_device_keeps_waiting(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)
    await fill(transport, device)
    writing = asyncio.create_task(transport.write(REPORT))
    await asyncio.sleep(0)

    await transport.aclose()

    with pytest.raises(Disconnected, match="closed by this program"):
        await writing
    assert device.received == []


async def test_write_that_was_given_up_while_it_waited_is_not_sent_later(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)
    await fill(transport, device)
    writing = asyncio.create_task(transport.write(bytes(64)))
    await asyncio.sleep(0)

    writing.cancel()
    device.usb.take_what_waits()
    await transport.write(REPORT)

    await read_exactly(transport, 64 * (MOST_UNSENT + 2))
    assert device.received == [REPORT] * (MOST_UNSENT + 2)
    await transport.aclose()


async def test_device_that_is_busy_for_long_gets_the_data_once(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)
    device.usb.is_busy = True
    await transport.write(REPORT)
    await device.usb.was_given_up.wait()

    device.usb.take_what_waits()

    assert await transport.read() == REPORT
    assert device.received == [REPORT]
    await transport.aclose()


@pytest.mark.parametrize("endpoint", [HID_IN, HID_OUT])
async def test_stalled_pipe_is_cleared(usb_bus: UsbBus, endpoint: int) -> None:
    device = usb_bus.plug(hid_device())
    transport = await open_usb(SPEC)

    device.stall(endpoint)
    await transport.write(REPORT)

    assert await read_exactly(transport, 64) == REPORT
    await transport.aclose()


async def test_pipe_that_stalls_for_good_is_lost(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(numbered_device())
    transport = await open_usb(SPEC)

    def refuse(*_: object) -> bytes:
        raise Stall

    device.answer_control(refuse)
    await transport.write(REPORT)

    with pytest.raises(Disconnected, match="does not answer"):
        await transport.read()
    await transport.wait_closed()
    await transport.aclose()


def test_usb_works_on_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def exchange() -> bytes:
        bus = UsbBus(UsbipBackend())
        install(monkeypatch, bus.backend)
        bus.plug(hid_device())
        transport = await open_usb(SPEC)
        await transport.write(REPORT)
        data = await transport.read()
        await transport.aclose()
        bus.close()
        return data

    assert uvloop.run(exchange()) == REPORT
