"""All readers registered on this machine: register, list, delete, discover."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.clock import Clock
from agent.errors import (
    LocalReaderInLivemode,
    ReaderAlreadyRegistered,
    ReaderOffline,
    RegistrationCodeInvalid,
    ResourceMissing,
)
from agent.events import EventBus
from agent.ids import Random, ReaderId, new_id
from agent.journal.journal import Journal
from agent.journal.readers import RegisteredReader
from agent.readers.session import OpenReader, ReaderSession
from agent.settings import ReaderSettings
from drivers.discovery.candidates import Candidate
from drivers.errors import DriverError, LocalError
from drivers.reader import Reader

LOCAL_SCHEMES = ("serial:", "usb:", "ble:", "tcp:")
"""What a registration code of a locally driven reader starts with."""


@dataclass(frozen=True, slots=True)
class DiscoveredReader:
    """A reader, or a port where one may be, found on this machine."""

    registration_code: str
    description: str
    model: str | None
    serial_number: str | None
    registered_as: ReaderId | None
    problem: str | None
    """Why it could not be asked, as an error code; None if it answered."""


@dataclass(frozen=True, slots=True)
class _Member:
    session: ReaderSession
    task: asyncio.Task[None]


class Fleet:
    """The readers of this machine; the journal's reader table is its memory."""

    def __init__(
        self,
        *,
        journal: Journal,
        open_reader: OpenReader,
        candidates: Callable[[Sequence[str]], list[Candidate]],
        clock: Clock,
        random: Random,
        events: EventBus,
        settings: ReaderSettings,
        livemode: bool,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._journal = journal
        self._open_reader = open_reader
        self._candidates = candidates
        self._clock = clock
        self._random = random
        self._events = events
        self._settings = settings
        self._livemode = livemode
        self._tasks = tasks
        self._members: dict[ReaderId, _Member] = {}
        self._registering = asyncio.Lock()

    def start(self) -> None:
        """Begin connecting to every registered reader."""
        for record in self._journal.readers.all():
            self._join(record, opened=None)

    def sessions(self) -> list[ReaderSession]:
        """Every registered reader, newest first."""
        newest_first = sorted(
            self._members.values(),
            key=lambda member: member.session.record.registered_at,
            reverse=True,
        )
        return [member.session for member in newest_first]

    def session(self, reader_id: ReaderId) -> ReaderSession:
        """The reader of that id; raises ResourceMissing."""
        return self._member(reader_id).session

    async def register(
        self,
        *,
        registration_code: str,
        label: str | None,
        location: str | None,
        metadata: dict[str, str],
    ) -> ReaderSession:
        """Ask who is on that port and keep it; durable when it returns.

        Raises RegistrationCodeInvalid, ReaderAlreadyRegistered,
        LocalReaderInLivemode or ReaderOffline.
        """
        self._check_code(registration_code)
        async with self._registering:
            self._check_port_is_free(registration_code)
            reader = await self._identify(registration_code)
            try:
                record = self._record_of(
                    reader, registration_code, label=label, location=location
                )
                record = replace(record, metadata=metadata)
                await self._journal.readers.put(record)
            except BaseException:
                await reader.aclose()
                raise
            session = self._join(record, opened=reader).session
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
        session = self.session(reader_id)
        record = session.record
        if label is not None:
            record = replace(record, label=label)
        if metadata is not None:
            record = replace(record, metadata=metadata)
        await self._journal.readers.put(record)
        session.record = record
        return session

    async def note_firmware(self, reader_id: ReaderId, version: str) -> None:
        """Keep what the reader runs now; raises ResourceMissing."""
        session = self.session(reader_id)
        record = replace(session.record, firmware_version=version)
        await self._journal.readers.put(record)
        session.record = record

    async def delete(self, reader_id: ReaderId) -> RegisteredReader:
        """Forget the reader and give its port back.

        Raises ResourceMissing, and ReaderBusy while the reader is reserved.
        """
        member = self._member(reader_id)
        member.session.check_free()
        await self._journal.readers.delete(reader_id)
        del self._members[reader_id]
        member.task.cancel()
        await asyncio.wait([member.task])
        return member.session.record

    async def discover(self) -> list[DiscoveredReader]:
        """Ask every port that may hold a reader who is there."""
        candidates = self._candidates(self._settings.serial_ports)
        return list(await asyncio.gather(*map(self._look_at, candidates)))

    def _member(self, reader_id: ReaderId) -> _Member:
        try:
            return self._members[reader_id]
        except KeyError:
            raise ResourceMissing(
                f"No such reader: '{reader_id}'", param="reader"
            ) from None

    def _join(self, record: RegisteredReader, *, opened: Reader | None) -> _Member:
        session = ReaderSession(
            record,
            open_reader=self._open_reader,
            clock=self._clock,
            events=self._events,
            settings=self._settings,
        )
        task = self._tasks.create_task(
            session.run(opened=opened), name=f"reader {record.reader_id}"
        )
        member = _Member(session, task)
        self._members[record.reader_id] = member
        return member

    def _check_code(self, registration_code: str) -> None:
        if not registration_code.startswith(LOCAL_SCHEMES):
            raise RegistrationCodeInvalid(
                f"'{registration_code}' is not the code of a reader on this machine.",
                param="registration_code",
            )
        if self._livemode:
            raise LocalReaderInLivemode(
                "Stripe takes live card data only from its own readers.",
                param="registration_code",
            )

    def _check_port_is_free(self, spec: str) -> None:
        for member in self._members.values():
            if member.session.record.spec == spec:
                raise ReaderAlreadyRegistered(
                    f"{spec} is registered as {member.session.record.reader_id}.",
                    param="registration_code",
                )

    async def _identify(self, spec: str) -> Reader:
        try:
            reader = await self._open_reader(spec, None)
        except LocalError as error:
            raise RegistrationCodeInvalid(
                str(error), param="registration_code"
            ) from error
        except DriverError as error:
            raise ReaderOffline(
                f"No reader could be reached: {error}", param="registration_code"
            ) from error
        return reader

    def _record_of(
        self, reader: Reader, spec: str, *, label: str | None, location: str | None
    ) -> RegisteredReader:
        info = reader.info
        for member in self._members.values():
            if member.session.record.serial_number == info.serial_number:
                raise ReaderAlreadyRegistered(
                    f"Reader {info.serial_number} is registered as "
                    f"{member.session.record.reader_id}.",
                    param="registration_code",
                )
        return RegisteredReader(
            reader_id=ReaderId(new_id("tmr", self._random)),
            spec=spec,
            model=info.model,
            device_type=info.model,
            serial_number=info.serial_number,
            firmware_version=info.firmware_version,
            label=label if label is not None else spec,
            location=location,
            metadata={},
            registered_at=self._clock.now(),
        )

    async def _look_at(self, candidate: Candidate) -> DiscoveredReader:
        for member in self._members.values():
            record = member.session.record
            if record.spec == candidate.spec:
                return DiscoveredReader(
                    candidate.spec,
                    candidate.description,
                    model=record.model,
                    serial_number=record.serial_number,
                    registered_as=record.reader_id,
                    problem=member.session.offline_reason,
                )
        try:
            reader = await self._open_reader(candidate.spec, None)
        except DriverError as error:
            return DiscoveredReader(
                candidate.spec,
                candidate.description,
                model=candidate.model,
                serial_number=candidate.serial_number,
                registered_as=None,
                problem=error.code,
            )
        await reader.aclose()
        return DiscoveredReader(
            candidate.spec,
            candidate.description,
            model=reader.info.model,
            serial_number=reader.info.serial_number,
            registered_as=None,
            problem=None,
        )
