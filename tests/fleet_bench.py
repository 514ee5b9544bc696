"""Registered readers on scripted ports, with nothing below and nothing above them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from rest_fakes import registered_reader
from scripted_reader import ScriptedReader
from skipping_loop import LoopClock

from agent.events import Event, EventBus
from agent.journal.readers import RegisteredReader
from agent.readers.claims import Claims
from agent.readers.opening import Opening
from agent.readers.ports import Ports, port_of
from agent.readers.session import ReaderSession
from agent.readers.standing import Standing
from agent.readers.supervisor import Supervisor
from agent.settings import ReaderSettings
from drivers.errors import TransportUnavailable
from drivers.reader import Reader

Answer = Callable[[], ScriptedReader] | BaseException | None
"""What opening a port leads to: a new reader, an error, or nothing at all, ever."""


def no_chance(length: int) -> bytes:
    """Randomness that shortens no wait."""
    return b"\xff" * length


def named(serial_number: str) -> Callable[[], ScriptedReader]:
    """A reader with this serial number, whenever it is opened."""

    def made() -> ScriptedReader:
        reader = ScriptedReader()
        reader.info = replace(reader.info, serial_number=serial_number)
        return reader

    return made


@dataclass
class ScriptedPorts:
    """A machine's ports, as a driver finds them."""

    holds: dict[str, Answer] = field(default_factory=dict)
    opened: list[tuple[str, str | None]] = field(default_factory=list)
    """Specs that were opened, and as which model, in order."""
    readers: list[ScriptedReader] = field(default_factory=list)
    """What was handed out, in order."""

    async def open(self, spec: str, model: str | None) -> Reader:
        self.opened.append((spec, model))
        answer = self.holds.get(spec, TransportUnavailable(spec, "not there"))
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, BaseException):
            raise answer
        assert answer is not None
        self.readers.append(answer())
        return self.readers[-1]

    @property
    def latest(self) -> ScriptedReader:
        return self.readers[-1]


class Alone:
    """No other readers here; fulfils agent.readers.opening.Neighbours."""

    def __init__(self) -> None:
        self.sought: list[bool] = []
        self.left: list[str] = []

    def online_at(self, spec: str) -> RegisteredReader | None:
        return None

    async def take(self, reader: Reader, spec: str) -> None:
        await reader.aclose()

    def seek(self, *, is_news: bool) -> None:
        self.sought.append(is_news)

    def vacated(self, spec: str) -> None:
        self.left.append(spec)


@dataclass
class Bench:
    """One reader `tmr_1` with serial number B50, registered at `serial:/dev/B50`."""

    ports: ScriptedPorts
    session: ReaderSession
    standing: Standing
    supervisor: Supervisor
    neighbours: Alone
    events: asyncio.Queue[Event]
    clock: LoopClock

    def told(self) -> list[Event]:
        """What listeners have heard since the last call."""
        told = []
        while not self.events.empty():
            told.append(self.events.get_nowait())
        return told

    async def until_online(self) -> None:
        """Return when the reader is connected."""
        await self.session.connected()

    async def until_offline(self) -> None:
        """Return when the reader's loss was noticed and its port given back."""
        while self.session.status == "online":
            await self.standing.step()


@asynccontextmanager
async def bench(
    holds: dict[str, Answer] | None = None, *, settings: ReaderSettings | None = None
) -> AsyncIterator[Bench]:
    """A supervised reader at work."""
    settings = settings or ReaderSettings()
    clock, bus, neighbours = LoopClock(), EventBus(), Alone()
    ports = ScriptedPorts({"serial:/dev/B50": named("B50")} if holds is None else holds)
    session = ReaderSession(
        registered_reader("tmr_1", serial_number="B50"), clock=clock, events=bus
    )

    async def rewrite(change: Callable[[RegisteredReader], RegisteredReader]) -> None:
        session.record = change(session.record)

    standing = Standing(
        session, clock=clock, random=no_chance, events=bus, policy=settings
    )
    opening = Opening(
        session,
        ports=Ports(ports.open, timeout_s=settings.connect_timeout_s, claims=Claims()),
        neighbours=neighbours,
        rewrite=rewrite,
        events=bus,
    )
    supervisor = Supervisor(
        session, standing, opening=opening, neighbours=neighbours, clock=clock
    )
    with bus.listen() as events:
        running = asyncio.create_task(supervisor.run())
        try:
            yield Bench(ports, session, standing, supervisor, neighbours, events, clock)
        finally:
            running.cancel()
            await asyncio.wait([running])
    assert running.cancelled()
    assert all(reader.unplugged.is_set() for reader in ports.readers)
    assert port_of(session.record.spec) == session.record.spec
