"""Opens one registered reader, and no other, and knows where it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from agent.errors import JournalError
from agent.events import EventBus, ReaderMoved
from agent.journal.readers import RegisteredReader
from agent.log import get_logger
from agent.readers.closing import close_reader
from agent.readers.ports import OtherReaderFound, Ports, port_of
from agent.readers.session import ReaderSession
from drivers.errors import DriverError
from drivers.reader import Reader

log = get_logger(__name__)

Rewrite = Callable[[Callable[[RegisteredReader], RegisteredReader]], Awaitable[None]]
"""Changes the reader's record for good. Raises JournalError."""
Found = tuple[Reader, str]
"""A reader, and the spec under which it was opened."""


class Neighbours(Protocol):
    """The other readers of this machine: agent.readers.roster.Roster."""

    def online_at(self, spec: str) -> RegisteredReader | None:
        """Who is connected on this port."""
        ...

    async def take(self, reader: Reader, spec: str) -> None:
        """Give `reader`, found on this port, to whom it belongs, or close it."""
        ...

    def seek(self, *, is_news: bool) -> None:
        """A reader is not where it should be: look for it at other ports.

        `is_news` is whether it was there until now.
        """
        ...

    def vacated(self, spec: str) -> None:
        """A reader was found elsewhere: where it should be there may be another."""
        ...


async def prepare_slot(reader: Reader, ports: Ports, spec: str) -> None:
    """Have it tell of cards that are taken out of its slot, where it can.

    Bounded; raises no DriverError, since it takes payments without that as well.
    """
    if reader.slot is None:
        return
    try:
        async with ports.bounded(spec):
            await reader.slot.prepare()
    except DriverError as error:
        serial_number = reader.info.serial_number
        log.warning(
            "reader.slot_not_watched", serial_number=serial_number, code=error.code
        )


class Opening:
    """How one reader is opened; who asks for it, and when, is decided elsewhere."""

    def __init__(
        self,
        session: ReaderSession,
        *,
        ports: Ports,
        neighbours: Neighbours,
        rewrite: Rewrite,
        events: EventBus,
    ) -> None:
        self.port = port_of(session.record.spec)
        """Where the reader is, or was last."""
        self.try_first: str | None = None
        """A port that seems to hold it, for the next attempt only."""
        self._session = session
        self._ports = ports
        self._neighbours = neighbours
        self._rewrite = rewrite
        self._events = events

    async def opened(self, given: Found | None) -> Reader:
        """The reader: `given`, which was found elsewhere, or the one on its port.

        Raises DriverError.
        """
        reader, spec = given or await self._found()
        try:
            # A crash may have left a transaction running on the reader.
            async with self._ports.bounded(spec):
                await reader.cancel()
            await prepare_slot(reader, self._ports, spec)
            await self._settle(spec, reader)
        except BaseException:
            await close_reader(reader)
            raise
        return reader

    async def _found(self) -> Found:
        """The reader, if it is on its port; another one goes to whom it belongs."""
        record = self._session.record
        spec, self.try_first = self.try_first or record.spec, None
        other = self._neighbours.online_at(spec)
        if other is not None:
            raise OtherReaderFound(other.serial_number)
        model = record.model if spec == record.spec else None
        reader = await self._ports.opened(spec, model=model)
        serial_number = reader.info.serial_number
        if serial_number != record.serial_number:
            await self._neighbours.take(reader, spec)
            raise OtherReaderFound(serial_number)
        return reader, spec

    async def _settle(self, spec: str, reader: Reader) -> None:
        """Where it was found is its port from now on."""
        self.port = port_of(spec)
        reader_id, before = self._session.record.reader_id, self._session.record.spec
        if port_of(before) == self.port:
            return

        def moved(record: RegisteredReader) -> RegisteredReader:
            label = spec if record.label == record.spec else record.label
            return replace(record, spec=spec, label=label, model=reader.info.model)

        try:
            await self._rewrite(moved)
        except JournalError as error:
            # It works where it is; after a restart it is looked for once more.
            log.warning("reader.move_not_kept", reader_id=reader_id, code=error.code)
        log.info("reader.moved", reader_id=reader_id, spec=spec)
        self._events.publish(ReaderMoved(reader_id, spec))
        self._neighbours.vacated(before)
