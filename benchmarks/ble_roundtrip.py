"""What our Bluetooth transport and link add to one request and its answer.

Two hosts send a simulated reader the same request, turn by turn in one run: bare bleak,
which looks at no byte of the answer, and our link, which also frames, pairs and decodes.
BlueZ is simulated, in a process of its own, and answers as fast as a D-Bus allows; a
radio would take a hundred times as long. How soon a reader is found and opened is
measured too, without the time that its profile lets its services settle.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection

import uvloop
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic

from benchmarks.shared.turns import Nobody, p99
from drivers.families.magtek_mms.framing import MmsFraming, Told
from drivers.link import Link
from drivers.profile import Gatt, profile_named
from drivers.protocol import slip
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.message import Response
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.properties import SERIAL_NUMBER, GetProperty
from drivers.transport.ble import open_ble
from drivers.transport.radio import Radio
from drivers.wires import WireKind
from simulator.app import ReaderOrder, build_simulator
from simulator.clock import SystemClock
from simulator.reader.wires.private_bus import private_bus

ADDRESS = "C4:AC:59:00:00:01"
MODEL = "magtek_dynaflex_ii_go"
ROUND_TRIPS = 1000
WARM_UP = 100
ROUNDS = 10
GOAL = {"link_to_bare_p50": 1.3}
QUESTION = GetProperty(SERIAL_NUMBER)
PACKET_BYTES = 244
Ask = Callable[[], Awaitable[None]]


def main() -> int:
    """Measure, and print one JSON object for programs."""
    with private_bus() as bus, served(bus):
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus
        figures = uvloop.run(measured())
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "ble_roundtrip", **figures, "goal": GOAL, "met": met}))
    return 0


@contextmanager
def served(bus: str) -> Iterator[None]:
    """A reader on the air, until the end."""
    ours, theirs = Pipe()
    process = Process(target=serve, args=(bus, theirs), daemon=True)
    process.start()
    try:
        ours.recv()
        yield
    finally:
        process.terminate()
        process.join()


def serve(bus: str, told: Connection) -> None:
    """The reader's process: says when it is there, and runs until it is ended."""

    async def run() -> None:
        reader = ReaderOrder("till", f"ble:{ADDRESS}", MODEL)
        simulator = build_simulator(clock=SystemClock(), readers=[reader])
        if simulator.bluetooth is None:
            raise RuntimeError("no reader is on the air")
        async with simulator.bluetooth.running(bus):
            simulator.readers.plug()
            told.send("ready")
            await asyncio.Event().wait()

    uvloop.run(run())


async def measured() -> dict[str, float]:
    """The figures of both hosts, in turn, the first few round trips left out."""
    times: dict[str, list[float]] = {
        "bare": [],
        "link": [],
        "bare_open": [],
        "open": [],
    }
    radio = Radio()
    for _ in range(ROUNDS):
        for host, opening in (("bare", open_bare), ("link", open_link)):
            async with AsyncExitStack() as stack:
                started = time.perf_counter()
                ask = await opening(stack, radio)
                opened = "open" if host == "link" else "bare_open"
                times[opened].append(time.perf_counter() - started)
                for _ in range(WARM_UP // ROUNDS):
                    await ask()
                for _ in range(ROUND_TRIPS // ROUNDS):
                    started = time.perf_counter()
                    await ask()
                    times[host].append(time.perf_counter() - started)
    figures = {
        f"{name}_{label}_us": round(value(sorted(seconds)) * 1e6, 1)
        for name, seconds in times.items()
        for label, value in (("p50", statistics.median), ("p99", p99))
    }
    ratio = figures["link_p50_us"] / figures["bare_p50_us"]
    return figures | {"link_to_bare_p50": round(ratio, 3)}


def framing() -> MmsFraming:
    """MMS in values."""
    sends = slip.Direction.TO_DEVICE
    return MmsFraming(packets_for(WireKind.BLE, packet_bytes=PACKET_BYTES, sends=sends))


def gatt() -> Gatt:
    """Where the reader's bytes are; its services are there at once."""
    found = profile_named(MODEL).ble
    if found is None:
        raise RuntimeError(f"{MODEL} has no Bluetooth")
    return replace(found, settle_s=0.0)


async def open_bare(stack: AsyncExitStack, _: Radio) -> Ask:
    """The least there is: one write and one notification, since both fit in a value."""
    device = await BleakScanner.find_device_by_address(ADDRESS, timeout=10)
    if device is None:
        raise RuntimeError("the reader is not heard")
    client = await stack.enter_async_context(BleakClient(device))
    arrived = asyncio.Event()

    def notified(_: BleakGATTCharacteristic, __: bytearray) -> None:
        arrived.set()

    await client.start_notify(gatt().notify, notified)
    write = client.services.get_characteristic(gatt().write)
    if write is None:
        raise RuntimeError("the reader has no such characteristic")
    packets = framing()

    async def ask() -> None:
        (request,) = packets.send(QUESTION).packets
        arrived.clear()
        await client.write_gatt_char(write, request, response=True)
        await arrived.wait()

    return ask


async def open_link(stack: AsyncExitStack, radio: Radio) -> Ask:
    """Our transport, link and codec, as a driver uses them."""
    transport = await open_ble(f"ble:{ADDRESS}", gatt=gatt(), radio=radio)
    link: Link[Command, Response, Told] = Link(
        transport, framing(), subscriber=Nobody()
    )
    stack.push_async_callback(link.aclose)

    async def ask() -> None:
        await link.request(QUESTION, timeout_s=5.0)

    return ask


if __name__ == "__main__":
    sys.exit(main())
