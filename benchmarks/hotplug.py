"""How long after the news of a plugged-in reader it can be used.

A serial port over USB is plugged into a machine that umockdev plays; behind it is a
simulated reader. Timed is from just before udev's event until the reader, found by that
event alone, has said who it is; and until the agent, which knows it from another port,
can take payments on it.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvloop

from agent.clock import SystemClock
from agent.events import Event, EventBus, ReaderStatusChanged
from agent.journal.journal import Journal
from agent.readers.claims import Claims
from agent.readers.fleet import Fleet
from agent.settings import ReaderSettings
from drivers.discovery.candidates import PortAdded, PortChange
from drivers.discovery.hotplug import watch_ports
from drivers.registry import open_reader
from drivers.wires import WireKind
from simulator.app import ReaderOrder, build_simulator
from simulator.clock import SystemClock as SimulatorClock
from simulator.reader.wires.descriptor import DescriptorStream

TESTS = Path(__file__).resolve().parent.parent / "tests"
PLUGS = 20
WARM_UP = 3
GOAL = {"event_to_usable_p50_ms": 50.0, "event_to_online_p50_ms": 50.0}
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
    usable_ms = sorted(1000 * each for each in uvloop.run(opened_by_the_driver()))
    online_ms = sorted(1000 * each for each in uvloop.run(online_at_the_agent()))
    figures = {
        "event_to_usable_p50_ms": round(statistics.median(usable_ms), 2),
        "event_to_usable_max_ms": round(usable_ms[-1], 2),
        "event_to_online_p50_ms": round(statistics.median(online_ms), 2),
        "event_to_online_max_ms": round(online_ms[-1], 2),
    }
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "hotplug", **figures, "goal": GOAL, "met": met}))
    return 0


async def opened_by_the_driver() -> list[float]:
    """Seconds from each plugging in to an open reader, the first few left out."""
    machine = Machine()
    times: list[float] = []
    async with watch_ports() as changes:
        for turn in range(PLUGS + WARM_UP):
            with machine.plugged(turn) as plugged_at_s:
                reader = await open_reader(await next_port(changes))
                times.append(time.perf_counter() - plugged_at_s)
                await reader.aclose()
    return times[WARM_UP:]


async def online_at_the_agent() -> list[float]:
    """The same until a registered reader, on another port each time, is online again."""
    machine = Machine()
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as folder:
        async with running_fleet(Path(folder)) as (fleet, events):
            with machine.plugged(PLUGS + WARM_UP), events.listen() as told:
                await fleet.register(
                    registration_code=machine.code,
                    label=None,
                    location=None,
                    metadata={},
                )
                await status(told, "online")
            for turn in range(PLUGS + WARM_UP):
                with events.listen() as told:
                    with machine.plugged(turn) as plugged_at_s:
                        await status(told, "online")
                        times.append(time.perf_counter() - plugged_at_s)
                    await status(told, "offline")
    return times[WARM_UP:]


@asynccontextmanager
async def running_fleet(folder: Path) -> AsyncIterator[tuple[Fleet, EventBus]]:
    """The agent's readers, without its API."""
    clock, events = SystemClock(), EventBus()
    journal = await Journal.open(folder / "journal.db", clock=clock)
    try:
        async with asyncio.TaskGroup() as tasks:
            fleet = Fleet(
                journal=journal,
                open_reader=lambda spec, model: open_reader(spec, model=model),
                sources={},
                watch=watch_ports,
                clock=clock,
                random=secrets.token_bytes,
                events=events,
                # Every plug ends in an unplug here, which is no flapping.
                settings=ReaderSettings(quarantine_after=10_000),
                livemode=False,
                claims=Claims(),
                tasks=tasks,
            )
            fleet.start()
            yield fleet, events
            raise Ended
    except* Ended:
        pass
    finally:
        await journal.aclose()


class Ended(Exception):
    """Ends the fleet's TaskGroup."""


async def status(told: asyncio.Queue[Event], wanted: str) -> None:
    """Return when listeners hear that the reader is there, or gone."""
    while True:
        event = await told.get()
        if isinstance(event, ReaderStatusChanged) and event.status == wanted:
            return


class Machine:
    """A machine that umockdev plays, and one simulated reader for its ports."""

    def __init__(self) -> None:
        from udev_testbed import Testbed

        self._testbed = Testbed()
        self._wire = TestbedWire(self._testbed.far_end)
        order = ReaderOrder("till", self._wire, "magtek_dynaprox")
        self._readers = build_simulator(clock=SimulatorClock(), readers=[order]).readers

    @property
    def code(self) -> str:
        """The registration code of the reader, where it is now."""
        return self._wire.spec

    @contextmanager
    def plugged(self, number: int) -> Iterator[float]:
        """The reader on a port of this number; the time just before the news of it.

        The testbed never gives a name a second time.
        """
        place, name = f"1-{number + 1}", f"ttyUSB{number}"
        self._wire.node = f"/dev/{name}"
        self._testbed.plug_usb(place, USB_ID)
        started = time.perf_counter()
        self._testbed.plug_tty(place, name)
        self._readers.plug()
        yield started
        self._readers.unplug()
        self._testbed.unplug_tty(place, name)
        self._testbed.unplug_usb(place)


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
