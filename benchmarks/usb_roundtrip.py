"""What our USB transport adds to one report and its answer.

A bare loop over pyusb and our transport send a device the same report, turn by turn in one
run. The device, over USB/IP and in a process of its own, sends every report back. Real
buses take at least a millisecond each way; here nothing hides what we add.
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

import usb.backend.libusb1
import usb.core
import usb.util
import uvloop

from drivers.profile import UsbId, profile_named
from drivers.transport.usb import open_usb
from drivers.transport.usb_address import UsbAddress, spec_of
from simulator.reader.wires.usbip import UsbipWire
from simulator.reader.wires.wire import Nameplate

ROOT = Path(__file__).resolve().parent.parent
ROUND_TRIPS = 4000
WARM_UP = 400
ROUNDS = 20
GOAL = {"transport_to_bare_p50": 1.3}
HOSTS = ("bare", "transport")
USB_ID = UsbId(0x0801, 0x2023)
REPORT = bytes(range(64))
Ask = Callable[[], Awaitable[None]]


def main() -> int:
    """Measure, and print one JSON object for programs."""
    sys.path.append(str(ROOT / "tests"))
    from usbip_backend import UsbipBackend

    with echo() as address:
        backend = UsbipBackend(address)
        usb.backend.libusb1.get_backend = lambda find_library=None: backend
        times = uvloop.run(take_turns())
        backend.close()
    figures = {
        f"{host}_{label}_us": round(value(sorted(times[host])) * 1e6, 1)
        for host in HOSTS
        for label, value in (("p50", statistics.median), ("p99", p99))
    }
    ratio = figures["transport_p50_us"] / figures["bare_p50_us"]
    figures["transport_to_bare_p50"] = round(ratio, 3)
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "usb_roundtrip", **figures, "goal": GOAL, "met": met}))
    return 0


@contextmanager
def echo() -> Iterator[tuple[str, int]]:
    """Where a device is that sends back every report."""
    ours, theirs = Pipe()
    device = Process(target=serve_echo, args=(theirs,), daemon=True)
    device.start()
    try:
        yield ours.recv()
    finally:
        device.terminate()
        device.join()


def serve_echo(told: Connection) -> None:
    """The device's process: says where it is, and runs until it is ended."""

    async def serve() -> None:
        nameplate = Nameplate(profile_named("magtek_dynaprox"), "B000001")
        wire = UsbipWire("127.0.0.1", 0, lambda: nameplate)
        wire.plug(wire.send)
        host, port = wire.spec.split(":")[1:]
        told.send((host, int(port)))
        await asyncio.Event().wait()

    uvloop.run(serve())


async def take_turns() -> dict[str, list[float]]:
    """Seconds of every round trip of each host, in turn, the first few left out."""
    times: dict[str, list[float]] = {host: [] for host in HOSTS}
    for _ in range(ROUNDS):
        for host, opening in zip(HOSTS, (open_bare, open_transport), strict=True):
            async with AsyncExitStack() as stack:
                ask = await opening(stack)
                for _ in range(WARM_UP // ROUNDS):
                    await ask()
                for _ in range(ROUND_TRIPS // ROUNDS):
                    started = time.perf_counter()
                    await ask()
                    times[host].append(time.perf_counter() - started)
    return times


async def open_bare(stack: AsyncExitStack) -> Ask:
    """The least there is: one write and one read."""
    device = usb.core.find(idVendor=USB_ID.vendor_id, idProduct=USB_ID.product_id)
    if device.is_kernel_driver_active(0):
        device.detach_kernel_driver(0)
    usb.util.claim_interface(device, 0)
    stack.callback(usb.util.dispose_resources, device)
    incoming, outgoing = (each.bEndpointAddress for each in device[0][(0, 0)])

    async def ask() -> None:
        device.write(outgoing, REPORT, 5000)
        if bytes(device.read(incoming, 64, 5000)) != REPORT:
            raise RuntimeError("the device did not answer")

    return ask


async def open_transport(stack: AsyncExitStack) -> Ask:
    """Ours, as a link uses it: a report is written, another one is read."""
    transport = await open_usb(spec_of(UsbAddress(USB_ID)))
    stack.push_async_callback(transport.aclose)

    async def ask() -> None:
        await transport.write(REPORT)
        if await transport.read() != REPORT:
            raise RuntimeError("the device did not answer")

    return ask


def p99(ordered: list[float]) -> float:
    """The value that one in a hundred exceeds."""
    return ordered[len(ordered) * 99 // 100]


if __name__ == "__main__":
    sys.exit(main())
