"""A whole fleet of readers on scripted ports; with a journal, but without an API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet_bench import ScriptedPorts, named, no_chance
from flow_disk import open_flow_journal
from port_news import News
from rest_fakes import registered_reader
from scripted_reader import ScriptedReader
from skipping_loop import LoopClock

from agent.events import Event, EventBus, ReaderStatusChanged
from agent.ids import ReaderId
from agent.readers.claims import Claims
from agent.readers.discovered import DiscoveryMethod, Source
from agent.readers.fleet import Fleet
from agent.readers.session import ReaderSession
from agent.settings import ReaderSettings
from drivers.discovery.candidates import WatchPorts


@dataclass(frozen=True)
class Shop:
    """Readers `tmr_B1`, `tmr_B2` … on ports `serial:/dev/B1` and so on."""

    fleet: Fleet
    ports: ScriptedPorts
    news: News
    bus: EventBus
    clock: LoopClock

    def session(self, name: str) -> ReaderSession:
        """The session of the reader with this serial number."""
        return self.fleet.session(id_of(name))

    async def until_online(self, *names: str) -> float:
        """Return when these are connected; how long that took."""
        began_s = self.clock.monotonic()
        for name in names:
            await self.session(name).connected()
        return self.clock.monotonic() - began_s

    async def pull(self, name: str) -> None:
        """Pull this reader's cable, and return when that was noticed."""
        reader = await self.session(name).connected()
        assert isinstance(reader, ScriptedReader)
        with self.bus.listen() as events:
            reader.unplugged.set()
            await offline(name, events)

    def opened(self, name: str) -> int:
        """How often the port of this name was opened."""
        return [spec for spec, _ in self.ports.opened].count(spec_of(name))


class _Closed(Exception):
    """Ends the fleet's TaskGroup."""


def id_of(name: str) -> ReaderId:
    """Of the reader with this serial number."""
    return ReaderId(f"tmr_{name}")


def spec_of(name: str) -> str:
    """Where the reader with this serial number is registered."""
    return f"serial:/dev/{name}"


async def offline(name: str, events: asyncio.Queue[Event]) -> None:
    """Return when these tell that this reader is gone."""
    while True:
        match await events.get():
            case ReaderStatusChanged(reader_id, "offline") if reader_id == id_of(name):
                return


@asynccontextmanager
async def open_shop(
    folder: Path,
    *names: str,
    sources: Mapping[DiscoveryMethod, Source] | None = None,
    watch: WatchPorts | None = None,
    settings: ReaderSettings | None = None,
) -> AsyncIterator[Shop]:
    """A fleet whose journal knows these readers, each on its port."""
    clock, bus, news = LoopClock(), EventBus(), News()
    ports = ScriptedPorts({spec_of(name): named(name) for name in names})
    journal = open_flow_journal(folder / "journal.db", clock=clock)
    for name in names:
        await journal.readers.put(registered_reader(id_of(name), serial_number=name))
    try:
        async with asyncio.TaskGroup() as tasks:
            fleet = Fleet(
                journal=journal,
                open_reader=ports.open,
                sources=sources or {},
                watch=watch or news.watch,
                clock=clock,
                random=no_chance,
                events=bus,
                settings=settings or ReaderSettings(),
                livemode=False,
                claims=Claims(),
                tasks=tasks,
            )
            fleet.start()
            yield Shop(fleet, ports, news, bus, clock)
            raise _Closed
    except* _Closed:
        pass
    finally:
        await journal.aclose()
