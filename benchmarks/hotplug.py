"""How long after the news of a plugged-in reader it can be used.

A serial port over USB is plugged into a machine that umockdev plays; behind it is a
simulated reader. Timed is from just before udev's event until the reader, found by that
event alone, has said who it is.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvloop

from drivers.discovery.candidates import PortAdded, PortChange
from drivers.discovery.hotplug import watch_ports
from drivers.registry import open_reader
from drivers.wires import WireKind
from simulator.app import ReaderOrder, build_simulator
from simulator.clock import SystemClock
from simulator.reader.wires.descriptor import DescriptorStream

TESTS = Path(__file__).resolve().parent.parent / "tests"
PLUGS = 40
WARM_UP = 3
GOAL = {"event_to_usable_p50_ms": 50.0}
USB_ID = "0801:2023"


def main() -> int:
    """Measure, and print one JSON object for programs."""
    sys.path.append(str(TESTS))
    from udev_testbed import PRELOADED

    if PRELOADED not in os.environ.get("LD_PRELOAD", ""):
        # The machine must be another one before the program starts.
        environment = os.environ | {"LD_PRELOAD": PRELOADED}
        command = [sys.executable, __file__]
        return subprocess.run(command, check=False, env=environment).returncode
    times_ms = sorted(1000 * each for each in uvloop.run(plugged_in_and_out()))
    figures = {
        "event_to_usable_p50_ms": round(statistics.median(times_ms), 2),
        "event_to_usable_max_ms": round(times_ms[-1], 2),
    }
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "hotplug", **figures, "goal": GOAL, "met": met}))
    return 0


async def plugged_in_and_out() -> list[float]:
    """Seconds of each plugging in, the first few left out."""
    from udev_testbed import Testbed

    testbed = Testbed()
    wire = TestbedWire(testbed.far_end)
    simulator = build_simulator(
        clock=SystemClock(), readers=[ReaderOrder("till", wire, "magtek_dynaprox")]
    )
    times: list[float] = []
    async with watch_ports() as changes:
        for turn in range(PLUGS + WARM_UP):
            # The testbed never gives a name a second time.
            place, name = f"1-{turn + 1}", f"ttyUSB{turn}"
            wire.node = f"/dev/{name}"
            testbed.plug_usb(place, USB_ID)
            started = time.perf_counter()
            testbed.plug_tty(place, name)
            simulator.readers.plug()
            reader = await open_reader(await next_port(changes))
            times.append(time.perf_counter() - started)
            await reader.aclose()
            simulator.readers.unplug()
            testbed.unplug_tty(place, name)
            testbed.unplug_usb(place)
    return times[WARM_UP:]


async def next_port(changes: AsyncIterator[PortChange]) -> str:
    """The next serial port that comes, as a spec."""
    async for change in changes:
        if isinstance(change, PortAdded) and change.candidate.spec.startswith(
            "serial:"
        ):
            return change.candidate.spec
    raise RuntimeError("no port came")


class TestbedWire:
    """Implements the simulator's Wire at the far end of a port of the testbed."""

    kind = WireKind.STREAM
    packet_bytes = None

    def __init__(self, far_end: Callable[[str], int]) -> None:
        """`far_end` gives the descriptor behind a port."""
        self.node = ""
        """The port that is plugged in now."""
        self._far_end = far_end
        self._stream: DescriptorStream | None = None
        self._kept_open = -1

    @property
    def spec(self) -> str:
        """As a host opens it."""
        return f"serial:{self.node}"

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Answer on the port."""
        # Reading the far end fails while nobody has the port open.
        self._kept_open = os.open(self.node, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._kept_open)
        far_end = os.dup(self._far_end(self.node))
        self._stream = DescriptorStream(far_end, received=received, closed=self.unplug)

    def unplug(self) -> None:
        """Fall silent."""
        if self._stream is not None:
            self._stream.close()
            os.close(self._kept_open)
            self._stream = None

    def send(self, data: bytes) -> None:
        """Bytes to the host."""
        if self._stream is not None:
            self._stream.send(data)


if __name__ == "__main__":
    sys.exit(main())
