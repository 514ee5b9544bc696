"""Updates over a real journal, catalogue and fleet, with devices on the counter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from firmware_repository import IMAGE, PublishedRepository, published
from flow_disk import FlowJournal, open_flow_journal
from port_news import NoNews
from skipping_loop import LoopClock
from updatable_reader import Device

from agent.events import Event, EventBus
from agent.firmware.catalog import Catalog
from agent.firmware.record import UpdateRecord
from agent.firmware.update import Update
from agent.firmware.updates import InstallRequest, Updates
from agent.ids import Random, ReaderId
from agent.journal.update_entries import UpdateEntry
from agent.journal.updates import UPDATE_KINDS, RecordedUpdate, UpdateStore
from agent.readers.claims import Claims
from agent.readers.fleet import Fleet
from agent.settings import ReaderSettings
from drivers.errors import TransportUnavailable
from drivers.reader import Reader

NOW = InstallRequest(asked_by="lk_1", waits_for_window=False)
AT_NIGHT = InstallRequest(asked_by="lk_1")


class KillingStore(UpdateStore):
    """Stops the world before or after an entry is written, for the agent to be killed."""

    stops: tuple[str, str] | None = None
    """`before` or `after`, and the kind of entry."""
    stopped: asyncio.Event

    async def append(self, entry: UpdateEntry) -> RecordedUpdate:
        kind = UPDATE_KINDS.kind_of(entry)
        if self.stops == ("before", kind):
            await self._stop()
        recorded = await super().append(entry)
        if self.stops == ("after", kind):
            await self._stop()
        return recorded

    async def _stop(self) -> None:
        self.stopped.set()
        await asyncio.Event().wait()


@dataclass
class FirmwareBench:
    """One run of the agent's part of updates."""

    updates: Updates
    fleet: Fleet
    journal: FlowJournal
    store: KillingStore
    events: asyncio.Queue[Event]
    catalog: Catalog
    in_payment: set[ReaderId]
    """Readers at which a payment is under way."""
    configured: list[Reader]

    async def register(self, device: Device) -> ReaderId:
        """The id of the device as a reader of this machine."""
        session = await self.fleet.register(
            registration_code=device.spec, label=None, location=None, metadata={}
        )
        return session.record.reader_id

    async def installed(
        self, reader_id: ReaderId, wanted: InstallRequest = NOW
    ) -> Update:
        """Request it, and the update once it has ended."""
        record = await self.updates.request(reader_id, wanted)
        return await self.ended(record)

    async def ended(self, record: UpdateRecord) -> Update:
        """The update once it has ended."""
        ended = await self.updates.wait_ended(record.update.update_id)
        return ended.update

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when it holds; looked at whenever something has happened."""
        while not condition():
            await self.events.get()

    async def online(self, reader_id: ReaderId) -> None:
        """Return when the reader is connected."""
        session = self.fleet.session(reader_id)
        await self.until(lambda: session.reader is not None)

    async def replugged(self, reader_id: ReaderId, device: Device) -> None:
        """Take the cable out and put it in again; return with it connected."""
        session = self.fleet.session(reader_id)
        before = session.reader
        device.unplug()
        await session.connected(after=before)

    def kinds(self, update: Update) -> list[str]:
        """The kinds of the update's entries, oldest first."""
        recorded = self.store.entries_of(update.update_id)
        return [UPDATE_KINDS.kind_of(one.entry) for one in recorded]

    def happened(self) -> list[Event]:
        """What was told since the last look."""
        return [self.events.get_nowait() for _ in range(self.events.qsize())]


@dataclass
class Till:
    """What outlives the agent: its disk, the devices, the operator's repository."""

    folder: Path
    devices: list[Device] = field(default_factory=lambda: [Device()])
    clock: LoopClock = field(default_factory=LoopClock)
    settings: dict[str, object] = field(default_factory=dict)
    repository: PublishedRepository = field(init=False)

    def __post_init__(self) -> None:
        self.repository = published(self.folder)

    @property
    def device(self) -> Device:
        return self.devices[0]

    def publish(self, version: str, content: bytes = IMAGE, **terms: object) -> str:
        """An image that the devices' vendor has signed; its name."""
        content += version.encode()
        for device in self.devices:
            device.images[sha256(content).hexdigest()] = version
        return self.repository.add(version, content, **terms)

    async def open_reader(self, spec: str, model: str | None) -> Reader:
        for device in self.devices:
            if device.spec == spec:
                return await device.open(spec, model)
        raise TransportUnavailable(spec, "nothing is there")

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[FirmwareBench]:
        """The agent at work; it ends as suddenly as by a power cut."""
        began: asyncio.Future[FirmwareBench] = (
            asyncio.get_running_loop().create_future()
        )
        working = asyncio.create_task(self._work(began))
        try:
            yield await began
        finally:
            working.cancel()
            await asyncio.wait([working])
            working.exception() if not working.cancelled() else None

    async def _work(self, began: asyncio.Future[FirmwareBench]) -> None:
        journal = open_flow_journal(self.folder / "journal.db", clock=self.clock)
        store = KillingStore(journal.disk, clock=self.clock, events=journal.events)
        store.stopped = asyncio.Event()
        journal.updates = store
        catalog = self.repository.catalog(
            self.folder / "firmware", clock=self.clock, **self.settings
        )
        events = EventBus(queue_size=10_000)
        try:
            with events.listen() as queue:
                async with asyncio.TaskGroup() as tasks:
                    bench = self._bench(journal, store, catalog, events, queue, tasks)
                    bench.fleet.start()
                    bench.updates.start()
                    began.set_result(bench)
                    await asyncio.Event().wait()
        finally:
            catalog.close()
            await journal.aclose()

    def _bench(
        self,
        journal: FlowJournal,
        store: KillingStore,
        catalog: Catalog,
        events: EventBus,
        queue: asyncio.Queue[Event],
        tasks: asyncio.TaskGroup,
    ) -> FirmwareBench:
        random = _Counted()
        fleet = self._fleet(journal, events, random, tasks)
        in_payment: set[ReaderId] = set()
        configured: list[Reader] = []

        async def configure(reader: Reader) -> None:
            configured.append(reader)

        updates = Updates(
            journal=journal,
            fleet=fleet,
            catalog=catalog,
            is_idle=lambda reader_id: reader_id not in in_payment,
            events=events,
            clock=self.clock,
            random=random,
            settings=catalog.settings,
            tasks=tasks,
            local_time=_utc,
            configure=configure,
        )
        return FirmwareBench(
            updates, fleet, journal, store, queue, catalog, in_payment, configured
        )

    def _fleet(
        self,
        journal: FlowJournal,
        events: EventBus,
        random: Random,
        tasks: asyncio.TaskGroup,
    ) -> Fleet:
        return Fleet(
            journal=journal,
            open_reader=self.open_reader,
            sources={},
            watch=NoNews().watch,
            clock=self.clock,
            random=random,
            events=events,
            settings=ReaderSettings(),
            livemode=False,
            claims=Claims(),
            tasks=tasks,
        )


class _Counted:
    """Randomness that never repeats itself, also after a restart."""

    count = 0

    def __call__(self, length: int) -> bytes:
        _Counted.count += 1
        return sha256(str(_Counted.count).encode()).digest()[: min(length, 32)] * (
            length // 32 + 1
        )


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
