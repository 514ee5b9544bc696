"""Who is registered on this machine: by id, by serial number, by port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.errors import ResourceMissing
from agent.ids import ReaderId
from agent.journal.readers import RegisteredReader
from agent.log import get_logger
from agent.readers.claims import Claims
from agent.readers.closing import close_reader
from agent.readers.ports import port_of
from agent.readers.session import ReaderSession, ReaderStatus
from agent.readers.supervisor import Supervisor
from drivers.discovery.candidates import Candidate
from drivers.reader import Reader

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """One registered reader with all that works for it."""

    session: ReaderSession
    supervisor: Supervisor
    task: asyncio.Task[None]

    @property
    def record(self) -> RegisteredReader:
        """What is kept of it."""
        return self.session.record

    @property
    def is_online(self) -> bool:
        """Whether it is connected."""
        return self.session.status is ReaderStatus.ONLINE


class Roster:
    """The registered readers; fulfils agent.readers.opening.Neighbours."""

    def __init__(
        self,
        *,
        seek: Callable[[bool], None],
        ask_at: Callable[[Candidate], None],
        claims: Claims,
    ) -> None:
        """`seek` is called where a reader is not in its place: newly, or still.

        `ask_at` is called with ports where one may be.
        """
        self._seek = seek
        self._ask_at = ask_at
        self._claims = claims
        self._members: dict[ReaderId, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def member(self, reader_id: ReaderId) -> Member:
        """The reader of that id; raises ResourceMissing."""
        try:
            return self._members[reader_id]
        except KeyError:
            raise ResourceMissing(
                f"No such reader: '{reader_id}'", param="reader"
            ) from None

    def add(self, member: Member) -> None:
        """One more, or the same id anew."""
        self._members[member.record.reader_id] = member

    def remove(self, reader_id: ReaderId) -> None:
        """One less."""
        del self._members[reader_id]

    def with_serial_number(self, serial_number: str) -> Member | None:
        """The reader of that serial number."""
        for member in self:
            if member.record.serial_number == serial_number:
                return member
        return None

    def has(self, serial_number: str) -> bool:
        """Whether the reader of that serial number is registered here."""
        return self.with_serial_number(serial_number) is not None

    def is_others(self, serial_number: str) -> bool:
        """Whether it is registered in another account of this machine."""
        return self._claims.is_others(serial_number, than=self)

    def at(self, spec: str) -> list[Member]:
        """Whoever is, or was last, or should be on this port."""
        port = port_of(spec)
        return [
            member
            for member in self
            if port in (member.supervisor.port, port_of(member.record.spec))
        ]

    def missing(self) -> list[Member]:
        """Those that would be taken from wherever they are found."""
        return [member for member in self if member.supervisor.is_missing]

    def member_online_at(self, spec: str) -> Member | None:
        """Who is connected on this port."""
        port = port_of(spec)
        for member in self:
            if member.is_online and member.supervisor.port == port:
                return member
        return None

    def online_at(self, spec: str) -> RegisteredReader | None:
        """The record of who is connected on this port."""
        member = self.member_online_at(spec)
        return None if member is None else member.record

    async def take(self, reader: Reader, spec: str) -> None:
        """Give `reader`, found on this port, to whom it belongs, or close it."""
        serial_number = reader.info.serial_number
        owner = self.with_serial_number(serial_number)
        is_taken = owner is not None and owner.supervisor.adopt(reader, spec)
        log.info(
            "reader.found", serial_number=serial_number, spec=spec, is_taken=is_taken
        )
        if not is_taken:
            await close_reader(reader)

    def seek(self, *, is_news: bool) -> None:
        """A reader is not where it should be: look for it at other ports."""
        self._seek(is_news)

    def vacated(self, spec: str) -> None:
        """A reader was found elsewhere: where it should be there may be another."""
        self._ask_at(Candidate(spec, "port of another reader"))
