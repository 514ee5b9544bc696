"""What our USB transport and link add to one request and its answer.

Two hosts send a simulated reader the same request, turn by turn in one run: a bare loop
over pyusb, which looks at no byte of the answer, and our link, which also frames, pairs
and decodes. The reader is a USB device over USB/IP, in a process of its own, and served
once a millisecond, as a full-speed bus serves interrupt endpoints. The same again with no
bus in between and a device that sends every report back shows what the transport adds by
itself: two threads have to be woken where the bare loop waits in its only one.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import usb.core
import usb.util
import uvloop

from benchmarks.shared.turns import Nobody, p99
from drivers.families.magtek_mms.framing import MmsFraming, Told
from drivers.link import Link
from drivers.profile import profile_named
from drivers.protocol import slip
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.message import Response
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.properties import SERIAL_NUMBER, GetProperty
from drivers.transport.usb import open_usb
from drivers.transport.usb_address import UsbAddress, spec_of
from drivers.wires import HID_REPORT_BYTES, WireKind
from simulator.app import ReaderOrder, build_simulator
from simulator.clock import SystemClock
from simulator.reader.wires.usbip import UsbipWire
from simulator.reader.wires.wire import Nameplate

TESTS = Path(__file__).resolve().parent.parent / "tests"
MODEL = "magtek_dynaflex"
ROUND_TRIPS = 1000
WARM_UP = 100
ROUNDS = 20
GOAL = {"reader_link_to_bare_p50": 1.3}
QUESTION = GetProperty(SERIAL_NUMBER)
SPEC = spec_of(UsbAddress(profile_named(MODEL).usb[0]))
FRAME_S = {"reader": 0.001, "echo": 0.0}
HOSTS = ("bare", "link")
Ask = Callable[[], Awaitable[None]]
Open = Callable[[AsyncExitStack], Awaitable[Ask]]


def main() -> int:
    """Measure, and print one JSON object for programs."""
    sys.path.append(str(TESTS))
    from usbip_backend import UsbipBackend, install

    figures: dict[str, float] = {}
    openings: dict[str, tuple[Open, Open]] = {
        "reader": (open_bare, open_link),
        "echo": (open_bare, open_transport),
    }
    for device, hosts in openings.items():
        with served(device) as address:
            backend = UsbipBackend(address, frame_s=FRAME_S[device])
            install(pytest.MonkeyPatch(), backend)
            figures |= measured(device, uvloop.run(take_turns(hosts)))
            backend.close()
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "usb_roundtrip", **figures, "goal": GOAL, "met": met}))
    return 0


def measured(device: str, times: dict[str, list[float]]) -> dict[str, float]:
    """The figures of both hosts at one device."""
    figures = {
        f"{device}_{host}_{label}_us": round(value(sorted(times[host])) * 1e6, 1)
        for host in HOSTS
        for label, value in (("p50", statistics.median), ("p99", p99))
    }
    ratio = figures[f"{device}_link_p50_us"] / figures[f"{device}_bare_p50_us"]
    return figures | {f"{device}_link_to_bare_p50": round(ratio, 3)}


@contextmanager
def served(device: str) -> Iterator[tuple[str, int]]:
    """Where a device is; it runs until the end."""
    ours, theirs = Pipe()
    process = Process(target=serve, args=(device, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def serve(device: str, told: Connection) -> None:
    """The device's process: says where it is, and runs until it is ended."""

    async def run() -> None:
        wire = UsbipWire("127.0.0.1", 0, lambda: Nameplate(profile_named(MODEL), "1"))
        if device == "reader":
            reader = ReaderOrder("till", wire, MODEL)
            build_simulator(clock=SystemClock(), readers=[reader]).readers.plug()
        else:
            wire.plug(wire.send)
        host, port = wire.spec.split(":")[1:]
        told.send((host, int(port)))
        await asyncio.Event().wait()

    uvloop.run(run())


async def take_turns(openings: tuple[Open, Open]) -> dict[str, list[float]]:
    """Seconds of every round trip of each host, in turn, the first few left out."""
    times: dict[str, list[float]] = {host: [] for host in HOSTS}
    for _ in range(ROUNDS):
        for host, opening in zip(HOSTS, openings, strict=True):
            async with AsyncExitStack() as stack:
                ask = await opening(stack)
                for _ in range(WARM_UP // ROUNDS):
                    await ask()
                for _ in range(ROUND_TRIPS // ROUNDS):
                    started = time.perf_counter()
                    await ask()
                    times[host].append(time.perf_counter() - started)
    return times


def framing() -> MmsFraming:
    """MMS in HID reports."""
    sends = slip.Direction.TO_DEVICE
    return MmsFraming(packets_for(WireKind.HID, packet_bytes=None, sends=sends))


async def open_bare(stack: AsyncExitStack) -> Ask:
    """The least there is: one write and one read, since both fit in a report."""
    device = usb.core.find(idVendor=int(SPEC[4:8], 16), idProduct=int(SPEC[9:13], 16))
    if device.is_kernel_driver_active(0):
        device.detach_kernel_driver(0)
    usb.util.claim_interface(device, 0)
    stack.callback(usb.util.dispose_resources, device)
    incoming, outgoing = (each.bEndpointAddress for each in device[0][(0, 0)])
    (request,) = framing().send(QUESTION).packets

    async def ask() -> None:
        device.write(outgoing, request, 5000)
        if len(device.read(incoming, HID_REPORT_BYTES, 5000)) != HID_REPORT_BYTES:
            raise RuntimeError("the device did not answer")

    return ask


async def open_link(stack: AsyncExitStack) -> Ask:
    """Our transport, link and codec, as a driver uses them."""
    link: Link[Command, Response, Told] = Link(
        await open_usb(SPEC), framing(), subscriber=Nobody()
    )
    stack.push_async_callback(link.aclose)

    async def ask() -> None:
        await link.request(QUESTION, timeout_s=5.0)

    return ask


async def open_transport(stack: AsyncExitStack) -> Ask:
    """Our transport alone."""
    transport = await open_usb(SPEC)
    stack.push_async_callback(transport.aclose)
    (request,) = framing().send(QUESTION).packets

    async def ask() -> None:
        await transport.write(request)
        if await transport.read() != request:
            raise RuntimeError("the device did not answer")

    return ask


if __name__ == "__main__":
    sys.exit(main())
