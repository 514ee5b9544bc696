"""What our link adds to one request and its answer over a serial line.

Hosts send a device on a pseudo-terminal the same request, turn by turn in one run. Bare
pyserial and bare pyserial-asyncio-fast write ready-made bytes and count the answer's; so
does our link, with a framing that knows both beforehand: what the codecs cost is measured
in benchmarks/codecs.py. The `driver` is our link with MagTek's codec, as a payment has it.
The device is the least there is, which answers ready-made bytes, and then the simulator's
reader; each in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import tty
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from multiprocessing import Process
from pathlib import Path

import serial
import serial_asyncio_fast
import uvloop

from benchmarks.shared.turns import Nobody, p99
from drivers.families.magtek_mms.framing import MmsFraming, Told
from drivers.link import Link
from drivers.protocol import slip
from drivers.protocol.framing import Answered, Outgoing
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.message import Response
from drivers.protocol.magtek_mms.notifications import Notice
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.properties import (
    SERIAL_NUMBER,
    GetProperty,
    answer_parameters,
)
from drivers.protocol.magtek_mms.status import DONE
from drivers.transport.serial import open_serial
from drivers.wires import WireKind
from examples.launch import simulator

ROUND_TRIPS = 2000
WARM_UP = 200
ROUNDS = 20
GOAL = {"echo_link_to_bare_p50": 1.3}
REFERENCE_AT = 5
"""Where a message has its reference number."""
QUESTION = GetProperty(SERIAL_NUMBER)
HOSTS = ("bare", "asyncio", "link", "driver")
Ask = Callable[[], Awaitable[None]]


def main() -> int:
    """Measure, and print one JSON object for programs."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder, readers=["till"]):
            figures |= measured("reader", str(folder / "till"))
    with echo() as port:
        figures |= measured("echo", port)
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "wire_roundtrip", **figures, "goal": GOAL, "met": met}))
    return 0


def measured(device: str, port: str) -> dict[str, float]:
    """The figures of all hosts at one device."""
    times = uvloop.run(take_turns(port))
    figures = {
        f"{device}_{host}_{label}_us": round(value(sorted(times[host])) * 1e6, 1)
        for host in HOSTS
        for label, value in (("p50", statistics.median), ("p99", p99))
    }
    return figures | {
        f"{device}_{ours}_to_{theirs}_p50": round(
            figures[f"{device}_{ours}_p50_us"] / figures[f"{device}_{theirs}_p50_us"], 3
        )
        for ours in ("link", "driver")
        for theirs in ("bare", "asyncio")
    }


@contextmanager
def echo() -> Iterator[str]:
    """The port of a device that answers every request, without reading it."""
    controller, terminal = os.openpty()
    tty.setraw(terminal)
    device = Process(target=answer_forever, args=(controller,), daemon=True)
    device.start()
    try:
        yield os.ttyname(terminal)
    finally:
        device.terminate()
        device.join()


def answer_forever(controller: int) -> None:
    """The least of a device: an answer with the reference of the request."""
    answers = [answer_to(reference) for reference in range(256)]
    reference_at = 1 + slip.HEADER_BYTES + REFERENCE_AT
    while True:
        os.write(controller, answers[os.read(controller, 4096)[reference_at]])


def answer_to(reference: int) -> bytes:
    """The packet that answers a request of this reference."""
    parameters = answer_parameters(SERIAL_NUMBER, b"B5A1B2C3")
    payload = message.payload_of(CommandId.GET_PROPERTY, parameters)
    response = Response(reference, CommandId.GET_PROPERTY, DONE, payload=payload)
    encoded = message.encode(response)
    return slip.encode(slip.MessagePacket(slip.Direction.TO_HOST, encoded))


def framing() -> MmsFraming:
    """MMS in serial packets."""
    sends = slip.Direction.TO_DEVICE
    return MmsFraming(packets_for(WireKind.STREAM, packet_bytes=None, sends=sends))


async def take_turns(port: str) -> dict[str, list[float]]:
    """Seconds of every round trip of each host, in turn, the first few left out."""
    request = framing().send(QUESTION).packets[0]
    times: dict[str, list[float]] = {host: [] for host in HOSTS}
    openings = (open_bare, open_asyncio, open_link, open_driver)
    for _ in range(ROUNDS):
        for host, opening in zip(HOSTS, openings, strict=True):
            async with AsyncExitStack() as stack:
                ask = await opening(port, request, stack)
                for _ in range(WARM_UP // ROUNDS):
                    await ask()
                for _ in range(ROUND_TRIPS // ROUNDS):
                    started = time.perf_counter()
                    await ask()
                    times[host].append(time.perf_counter() - started)
    return times


async def open_bare(port: str, request: bytes, stack: AsyncExitStack) -> Ask:
    """The least there is: one write and one read that waits for all bytes."""
    line = stack.enter_context(serial.Serial(port, 115200, timeout=5, exclusive=True))

    size = len(answer_to(1))

    async def ask() -> None:
        line.write(request)
        if len(line.read(size)) != size:
            raise RuntimeError("the device did not answer")

    return ask


async def open_asyncio(port: str, request: bytes, stack: AsyncExitStack) -> Ask:
    """pyserial-asyncio-fast with the least of a protocol."""
    loop = asyncio.get_running_loop()
    collector = Collector(len(answer_to(1)))
    transport, _ = await serial_asyncio_fast.create_serial_connection(
        loop, lambda: collector, port, baudrate=115200
    )
    stack.callback(transport.abort)

    async def ask() -> None:
        answer = collector.expect()
        transport.write(request)
        await answer

    return ask


async def open_link(port: str, request: bytes, stack: AsyncExitStack) -> Ask:
    """Our transport and link, with bytes that are known beforehand."""
    link: Link[bytes, bytes, Notice] = Link(
        await open_serial(f"serial:{port}"), ReadyMade(), subscriber=Nobody()
    )
    stack.push_async_callback(link.aclose)

    async def ask() -> None:
        await link.request(request, timeout_s=5.0)

    return ask


async def open_driver(port: str, request: bytes, stack: AsyncExitStack) -> Ask:
    """Our transport, link and codec, as a driver uses them."""
    link: Link[Command, Response, Told] = Link(
        await open_serial(f"serial:{port}"), framing(), subscriber=Nobody()
    )
    stack.push_async_callback(link.aclose)

    async def ask() -> None:
        await link.request(QUESTION, timeout_s=5.0)

    return ask


class ReadyMade:
    """A framing that only waits until as many bytes have come as the answer has."""

    skipped_bytes = 0

    def __init__(self) -> None:
        self._answer_bytes = len(answer_to(1))
        self._received = 0

    def send(self, request: bytes) -> Outgoing:
        """The request as it is."""
        return Outgoing((request,), None)

    def feed(self, data: bytes) -> Sequence[Answered[bytes]]:
        """The answer, once it is whole."""
        self._received += len(data)
        if self._received < self._answer_bytes:
            return ()
        self._received = 0
        return (Answered(None, data),)


class Collector(asyncio.Protocol):
    """Resolves a future when so many bytes have come."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._received = 0
        self._answer: asyncio.Future[None] | None = None

    def expect(self) -> asyncio.Future[None]:
        """The arrival of the next answer."""
        self._received = 0
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._received += len(data)
        if self._received >= self._size and self._answer is not None:
            self._answer.set_result(None)


if __name__ == "__main__":
    sys.exit(main())
