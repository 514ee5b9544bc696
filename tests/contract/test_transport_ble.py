"""The Bluetooth LE transport with unmodified bleak, against a simulated BlueZ."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import uvloop
from echo_reader import ADDRESS, STREAM, VALUES, EchoReader, echo_reader

from drivers.errors import (
    Disconnected,
    LocalError,
    RemoteError,
    TransportUnavailable,
)
from drivers.profile import Gatt
from drivers.transport.base import Transport
from drivers.transport.ble import BleTimings, open_ble
from drivers.transport.radio import Radio
from drivers.wires import WireKind
from simulator.clock import SystemClock
from simulator.reader.wires.bluez import SimulatedBluetooth
from simulator.reader.wires.bluez_wire import BleOptions

pytest_plugins = ("bluetooth_fixtures",)

SHORT_S = 0.2


async def opened(
    reader: EchoReader,
    gatt: Gatt = VALUES,
    *,
    radio: Radio | None = None,
    timings: BleTimings | None = None,
) -> Transport:
    return await open_ble(
        reader.spec,
        gatt=gatt,
        radio=radio or Radio(),
        timings=timings or BleTimings(),
    )


async def read_exactly(transport: Transport, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += await transport.read()
    return data


async def test_values_go_both_ways_whole(bluetooth: SimulatedBluetooth) -> None:
    reader = echo_reader(bluetooth)
    transport = await opened(reader)

    await transport.write(bytes(range(244)))
    await transport.write(b"\x01")

    assert await transport.read() == bytes(range(244))
    assert await transport.read() == b"\x01"
    assert transport.spec == f"ble:{ADDRESS}"
    assert (transport.kind, transport.packet_bytes) == (WireKind.BLE, 244)
    await transport.aclose()


@pytest.mark.parametrize(
    ("mtu", "size"), [(23, 20), (185, 182), (247, 244), (517, 244)]
)
async def test_values_are_no_longer_than_mtu_and_profile_allow(
    bluetooth: SimulatedBluetooth, mtu: int, size: int
) -> None:
    reader = echo_reader(bluetooth, options=BleOptions(mtu=mtu))
    transport = await opened(reader)

    await transport.write(bytes(size))

    assert transport.packet_bytes == size
    assert await transport.read() == bytes(size)
    with pytest.raises(LocalError, match=f"{size + 1} bytes in a value of {size}"):
        await transport.write(bytes(size + 1))
    await transport.aclose()


@pytest.mark.parametrize("mtu", [23, 247])
async def test_stream_is_cut_into_values_and_joined_again(
    bluetooth: SimulatedBluetooth, mtu: int
) -> None:
    reader = echo_reader(bluetooth, STREAM, options=BleOptions(mtu=mtu))
    transport = await opened(reader, STREAM)

    await transport.write(bytes(range(250)) * 4)

    assert (transport.kind, transport.packet_bytes) == (WireKind.STREAM, None)
    assert await read_exactly(transport, 1000) == bytes(range(250)) * 4
    assert max(map(len, reader.received)) == mtu - 3
    await transport.aclose()


async def test_stream_is_found_under_other_ids_where_one_service_fits(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth, STREAM)
    other = replace(STREAM, service=VALUES.service)

    transport = await opened(reader, other)
    await transport.write(b"\x42")

    assert await transport.read() == b"\x42"
    await transport.aclose()


async def test_reader_that_goes_ends_reading_writing_and_waiting(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    transport = await opened(reader)
    await transport.write(b"last")
    assert await transport.read() == b"last"
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)

    reader.wire.unplug()

    with pytest.raises(Disconnected, match="switched off or out of range"):
        await reading
    await transport.wait_closed()
    with pytest.raises(Disconnected):
        await transport.write(b"\x00")
    await transport.aclose()


async def test_closing_wakes_the_one_who_reads_and_lets_the_reader_go(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    transport = await opened(reader)
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)

    await transport.aclose()
    await transport.aclose()

    with pytest.raises(Disconnected, match="closed by this program"):
        await reading
    assert not reader.wire.is_connected


async def test_reader_that_came_back_is_connected_again(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader, radio = echo_reader(bluetooth), Radio()
    for _ in range(3):
        transport = await opened(reader, radio=radio)
        reader.wire.unplug()
        await transport.wait_closed()
        await transport.aclose()
        reader.plug()

    transport = await opened(reader, radio=radio)

    await transport.write(b"again")
    assert await transport.read() == b"again"
    await transport.aclose()


async def test_reader_is_taken_exclusively_and_given_back(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader, radio = echo_reader(bluetooth), Radio()
    first = await opened(reader, radio=radio)

    with pytest.raises(TransportUnavailable, match="in use by this program"):
        await opened(reader, radio=radio)

    await first.aclose()
    second = await opened(reader, radio=radio)
    await second.aclose()


async def test_reader_that_a_dead_program_left_connected_is_taken_over(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    reader.wire.advertise()
    await reader.wire.connect()

    transport = await opened(reader)

    await transport.write(b"mine")
    assert await transport.read() == b"mine"
    await transport.aclose()


async def test_many_readers_are_looked_for_and_opened_at_once(
    bluetooth: SimulatedBluetooth,
) -> None:
    radio = Radio()
    readers = [
        echo_reader(bluetooth, address=f"C4:AC:59:00:01:{number:02X}")
        for number in range(16)
    ]

    transports = await asyncio.gather(
        *(opened(reader, radio=radio) for reader in readers)
    )

    for number, transport in enumerate(transports):
        await transport.write(bytes((number,)))
        assert await transport.read() == bytes((number,))
    await asyncio.gather(*(transport.aclose() for transport in transports))


async def test_silent_reader_keeps_no_other_one_waiting(
    bluetooth: SimulatedBluetooth,
) -> None:
    radio = Radio()
    there, gone = (
        echo_reader(bluetooth, address=address)
        for address in (ADDRESS, "C4:AC:59:00:00:02")
    )
    gone.wire.unplug()
    looking = asyncio.create_task(opened(gone, radio=radio))

    transport = await opened(there, radio=radio)

    gone.plug()
    second = await looking
    await asyncio.gather(transport.aclose(), second.aclose())


async def test_reader_that_is_not_there_is_given_up(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    reader.wire.unplug()

    with pytest.raises(TransportUnavailable, match=r"not heard within 0\.2 s"):
        await opened(reader, timings=BleTimings(find_s=SHORT_S))


async def test_reader_that_does_not_answer_is_given_up(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    bluetooth.ignore_next("Connect")

    with pytest.raises(TransportUnavailable, match=r"does not answer within 0\.2 s"):
        await opened(reader, timings=BleTimings(connect_s=SHORT_S))

    transport = await opened(reader)
    await transport.aclose()


async def test_reader_of_another_kind_is_let_go(bluetooth: SimulatedBluetooth) -> None:
    reader, radio = echo_reader(bluetooth), Radio()

    with pytest.raises(RemoteError, match="no service of such a reader"):
        await opened(reader, replace(VALUES, write=STREAM.write), radio=radio)

    assert not reader.wire.is_connected
    transport = await opened(reader, radio=radio)
    await transport.aclose()


async def test_cancelled_opening_leaves_the_reader_free(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader, radio = echo_reader(bluetooth), Radio()
    asked = bluetooth.ignore_next("StartNotify")
    opening = asyncio.create_task(opened(reader, radio=radio))
    await asked.wait()

    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    assert not reader.wire.is_connected
    transport = await opened(reader, radio=radio)
    await transport.aclose()


async def test_nothing_goes_on_after_closing(bluetooth: SimulatedBluetooth) -> None:
    reader = echo_reader(bluetooth)
    first = await opened(reader)
    await first.aclose()
    before = asyncio.all_tasks()

    transport = await opened(reader)
    await transport.write(b"x")
    await transport.aclose()

    assert asyncio.all_tasks() == before


def test_bluetooth_works_on_uvloop(bus_address: str) -> None:
    async def exchange() -> bytes:
        bluetooth = SimulatedBluetooth(clock=SystemClock())
        async with bluetooth.running(bus_address):
            transport = await opened(echo_reader(bluetooth))
            await transport.write(b"\x42")
            data = await transport.read()
            await transport.aclose()
            return data

    assert uvloop.run(exchange()) == b"\x42"


async def test_write_that_the_reader_refuses_ends_the_connection(
    bluetooth: SimulatedBluetooth,
) -> None:
    transport = await opened(echo_reader(bluetooth))
    bluetooth.fail_next("WriteValue", "Failed", "Operation failed with ATT error: 0x0e")

    with pytest.raises(Disconnected, match="Unlikely Error"):
        await transport.write(b"x")

    with pytest.raises(Disconnected, match="Unlikely Error"):
        await transport.read()
    await transport.aclose()


async def test_closing_does_not_wait_for_a_daemon_that_hangs(
    bluetooth: SimulatedBluetooth,
) -> None:
    radio = Radio()
    reader = echo_reader(bluetooth)
    transport = await opened(reader, radio=radio, timings=BleTimings(close_s=SHORT_S))
    bluetooth.ignore_next("Disconnect")

    await transport.aclose()

    await transport.wait_closed()
    again = await opened(reader, radio=radio)
    await again.aclose()


@pytest.mark.parametrize(
    "spec",
    [
        "ble:",
        "ble:AA:BB:CC:DD:EE",
        "ble:AA-BB-CC-DD-EE-FF",
        "ble:AA:BB:CC:DD:EE:FG",
        "ble:AA:BB:CC:DD:EE:FF?pin=1",
        "AA",
    ],
)
async def test_malformed_spec_is_the_callers_fault(spec: str) -> None:
    with pytest.raises(LocalError):
        await open_ble(spec, gatt=VALUES, radio=Radio())
