"""All readers registered on this machine: register, list, delete, command, discover."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from agent.clock import Clock
from agent.events import EventBus
from agent.ids import Random, ReaderId
from agent.journal.journal import Journal
from agent.journal.readers import RegisteredReader
from agent.readers.claims import Claims
from agent.readers.closing import end_tasks
from agent.readers.discovered import (
    DiscoveryEvent,
    DiscoveryMethod,
    Source,
)
from agent.readers.discovery import Discovery
from agent.readers.failures import reader_failures
from agent.readers.hotplug import Hotplug
from agent.readers.identifying import Sign, identify
from agent.readers.opening import Opening
from agent.readers.ports import OpenReader, Ports
from agent.readers.registration import Registration
from agent.readers.roster import Member, Roster
from agent.readers.search import Search
from agent.readers.session import ReaderSession
from agent.readers.standing import Standing
from agent.readers.supervisor import Supervisor
from agent.settings import ReaderSettings
from drivers.discovery.candidates import Candidate, WatchPorts
from drivers.errors import DriverError
from drivers.reader import Reader


class Fleet:
    """The readers of this machine; the journal's reader table is its memory."""

    def __init__(
        self,
        *,
        journal: Journal,
        open_reader: OpenReader,
        sources: Mapping[DiscoveryMethod, Source],
        watch: WatchPorts,
        clock: Clock,
        random: Random,
        events: EventBus,
        settings: ReaderSettings,
        livemode: bool,
        claims: Claims,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """`claims` is shared with the fleets of this machine's other accounts."""
        self._journal, self._events = journal, events
        self._clock, self._random = clock, random
        self._settings, self._tasks = settings, tasks
        ports = Ports(open_reader, timeout_s=settings.connect_timeout_s, claims=claims)
        roster = Roster(seek=self._seek, ask_at=self._ask_at, claims=claims)
        self._ports, self._roster, self._claims = ports, roster, claims
        self._discovery = Discovery(roster, ports=ports, sources=sources, tasks=tasks)
        self._registration = Registration(
            roster,
            ports=ports,
            discovery=self._discovery,
            clock=clock,
            random=random,
            livemode=livemode,
        )
        self._search = Search(
            roster,
            ports=ports,
            candidates=self._discovery.listed,
            clock=clock,
            tasks=tasks,
        )
        self._hotplug = Hotplug(roster, search=self._search, watch=watch, clock=clock)
        self._writing = asyncio.Lock()

    def start(self) -> None:
        """Begin to connect to every registered reader, and to hear of ports."""
        belonging = self._claims.belong(self._roster)
        self._tasks.create_task(belonging, name="claims")
        for record in self._journal.readers.all():
            self._join(record, opened=None)
        self._tasks.create_task(self._search.run(), name="search for readers")
        self._tasks.create_task(self._hotplug.run(), name="watch ports")

    @property
    def watch_problem(self) -> DriverError | None:
        """Why a plugged-in reader is found late only; None where news come."""
        return self._hotplug.problem

    def discover(
        self, methods: Iterable[DiscoveryMethod], *, timeout_s: float | None
    ) -> AbstractContextManager[AsyncIterator[DiscoveryEvent]]:
        """Look for readers; see Discovery.running."""
        return self._discovery.running(methods, timeout_s=timeout_s)

    def sessions(self) -> list[ReaderSession]:
        """Every registered reader, newest first."""
        newest_first = sorted(
            self._roster, key=lambda member: member.record.registered_at, reverse=True
        )
        return [member.session for member in newest_first]

    def session(self, reader_id: ReaderId) -> ReaderSession:
        """The reader of that id; raises ResourceMissing."""
        return self._roster.member(reader_id).session

    async def register(
        self,
        *,
        registration_code: str,
        label: str | None,
        location: str | None,
        metadata: dict[str, str],
    ) -> ReaderSession:
        """Ask who is on that port and keep it; durable when it returns.

        Raises RegistrationCodeInvalid, ReaderAlreadyRegistered, ReaderOfOtherAccount,
        LocalReaderInLivemode or ReaderOffline.
        """
        reader = await self._registration.identified(registration_code)
        try:
            async with self._writing:
                record = self._registration.record_of(
                    reader,
                    registration_code,
                    label=label,
                    location=location,
                    metadata=metadata,
                )
                await self._journal.readers.put(record)
                session = self._join(record, opened=reader)
        except BaseException:
            # Where it was registered already, its owner may have been looking for it.
            await self._roster.take(reader, registration_code)
            raise
        await session.first_attempt()
        return session

    async def update(
        self,
        reader_id: ReaderId,
        *,
        label: str | None,
        metadata: dict[str, str] | None,
    ) -> ReaderSession:
        """Change what was given; raises ResourceMissing."""

        def changed(record: RegisteredReader) -> RegisteredReader:
            return replace(
                record,
                label=record.label if label is None else label,
                metadata=record.metadata if metadata is None else metadata,
            )

        session = self.session(reader_id)
        await self._rewrite(session, changed)
        return session

    async def note_firmware(self, reader_id: ReaderId, version: str) -> None:
        """Keep what the reader runs now; raises ResourceMissing."""
        await self._rewrite(
            self.session(reader_id),
            lambda record: replace(record, firmware_version=version),
        )

    async def delete(self, reader_id: ReaderId) -> RegisteredReader:
        """Forget the reader and give its port back.

        Raises ResourceMissing, and ReaderBusy while the reader is reserved.
        """
        member = self._roster.member(reader_id)
        member.session.check_free()
        async with self._writing:
            await self._journal.readers.delete(reader_id)
            self._roster.remove(reader_id)
        await end_tasks(member.task)
        return member.record

    async def connect(self, reader_id: ReaderId) -> None:
        """Connect it now; raises ResourceMissing, and ReaderOffline if that fails."""
        await self._roster.member(reader_id).supervisor.connect()

    async def disconnect(self, reader_id: ReaderId) -> None:
        """Let go of it until it is wanted again; raises ResourceMissing, ReaderBusy."""
        await self._roster.member(reader_id).supervisor.disconnect()

    async def reboot(self, reader_id: ReaderId) -> None:
        """Restart it.

        Raises ResourceMissing, ReaderBusy, ReaderOffline, ReaderTimedOut, ReaderFault.
        """
        with reader_failures():
            await self._roster.member(reader_id).supervisor.reboot()

    async def identify(self, reader_id: ReaderId) -> list[Sign]:
        """Have it show itself; how it did.

        Raises ResourceMissing, ReaderBusy, ReaderOffline, ReaderTimedOut, ReaderFault
        and ReaderFeatureUnsupported.
        """
        session = self.session(reader_id)
        with reader_failures():
            async with session.use() as reader:
                return await identify(reader, clock=self._clock)

    def _seek(self, is_news: bool) -> None:
        """Without news of ports, looking around now and then has to do."""
        if is_news or self._hotplug.problem is not None:
            self._search.want()

    def _ask_at(self, candidate: Candidate) -> None:
        self._search.ask_at(candidate)

    async def _rewrite(
        self,
        session: ReaderSession,
        change: Callable[[RegisteredReader], RegisteredReader],
    ) -> None:
        """One change of a record after the other, so that none undoes another."""
        async with self._writing:
            self._roster.member(session.record.reader_id)
            record = change(session.record)
            await self._journal.readers.put(record)
            session.record = record

    def _join(
        self, record: RegisteredReader, *, opened: Reader | None
    ) -> ReaderSession:
        session = ReaderSession(record, clock=self._clock, events=self._events)
        standing = Standing(
            session,
            clock=self._clock,
            random=self._random,
            events=self._events,
            policy=self._settings,
        )
        opening = Opening(
            session,
            ports=self._ports,
            neighbours=self._roster,
            rewrite=lambda change: self._rewrite(session, change),
            events=self._events,
        )
        supervisor = Supervisor(
            session,
            standing,
            opening=opening,
            neighbours=self._roster,
            clock=self._clock,
        )
        task = self._tasks.create_task(
            supervisor.run(opened=opened), name=f"reader {record.reader_id}"
        )
        self._roster.add(Member(session, supervisor, task))
        return session
