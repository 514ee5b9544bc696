"""The events of this machine: kept in a table while they are young, told in one order.

An event that is kept is written in the transaction that makes it true, or in one of its
own. Whoever listens is told of it once it is on the disk, in the order of the writes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from agent.clock import Clock
from agent.errors import JournalUnavailable
from agent.events import Event, data_of, name_of, reader_of
from agent.ids import EventId
from agent.journal.codec import canonical, time_of, time_text
from agent.journal.db import Database
from agent.journal.event_ids import event_id, seq_in
from agent.journal.writer import Change, Settled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event that is on the disk, with its place in the stream."""

    seq: int
    event_id: EventId
    at: datetime
    type: str
    reader_id: str | None
    data: str
    """JSON."""


Told = RecordedEvent | Event
"""What a listener hears: a kept event, or a passing one as it was published."""


@dataclass(slots=True, eq=False)
class _Place:
    """Where events that are being written will be told."""

    events: Sequence[Told] | None = None
    """None while that is not certain yet."""


@dataclass(frozen=True, slots=True)
class _Writing(Generic[T]):
    """Events on their way to the disk, with what they tell of."""

    change: Change[T]
    settled: Settled[T]


_COLUMNS = "seq, event_id, at, type, reader_id, data"
_HEAD = "SELECT seq FROM events ORDER BY seq DESC LIMIT 1"
_OLDEST = "SELECT seq FROM events ORDER BY seq LIMIT 1"
_INSERT = f"INSERT INTO events ({_COLUMNS}) VALUES (?,?,?,?,?,?)"  # noqa: S608 - constants only
_AFTER = f"SELECT {_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - constants only
_BEFORE = f"SELECT {_COLUMNS} FROM events WHERE seq < ? ORDER BY seq DESC LIMIT ?"  # noqa: S608 - constants only
_GET = f"SELECT {_COLUMNS} FROM events WHERE seq = ?"  # noqa: S608 - constants only
_OLD = (
    "SELECT max(seq) FROM (SELECT seq, at FROM events ORDER BY seq LIMIT ?)"
    " WHERE seq <= ? AND (at < ? OR seq <= ?)"
)
_FORGET = "DELETE FROM events WHERE seq <= ? AND seq < (SELECT max(seq) FROM events)"


class EventLog:
    """The table of events, and the order in which they are told.

    Use it on the event loop. Raises JournalUnavailable.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self.tell: Callable[[Told], None] = _nobody
        """Called on the loop with each event, in the stream's order; must not raise."""
        self._database = database
        self._clock = clock
        self._lane: deque[_Place] = deque()

    async def write(
        self, change: Change[T], events: Sequence[Event], *, at: datetime
    ) -> T:
        """Run `change` and keep `events`, in one transaction; as Database.write.

        `change` gives something else than None.
        """
        if not events:
            return await self._database.write(change)
        writing = self._writing(change, events, at=at)
        try:
            return await self._database.write(writing.change, settled=writing.settled)
        except JournalUnavailable:
            writing.settled(None)  # It may not even have begun.
            raise

    def begin(
        self,
        change: Change[T],
        events: Sequence[Event],
        *,
        at: datetime,
        lost: Callable[[], None] | None = None,
    ) -> asyncio.Future[T]:
        """As `write`, begun before this returns; `lost` is called where it fails.

        `change` gives something else than None.
        """
        writing = self._writing(change, events, at=at, lost=lost)
        try:
            return self._database.begin(writing.change, settled=writing.settled)
        except JournalUnavailable:
            writing.settled(None)
            raise

    def keep(self, *events: Event) -> asyncio.Future[bool]:
        """Keep `events` in a transaction of their own, begun before this returns."""
        return self.begin(_nothing, events, at=self._clock.now())

    def pass_on(self, event: Event) -> None:
        """Tell of an event that is not kept, behind those that are being written."""
        self._lane.append(_Place([event]))
        self._advance()

    def read(self, *, after: int, limit: int = 100) -> list[RecordedEvent]:
        """Up to `limit` kept events that follow sequence number `after`."""
        return [_recorded(*row) for row in self._database.read(_AFTER, after, limit)]

    def read_back(self, *, before: int, limit: int = 100) -> list[RecordedEvent]:
        """Up to `limit` kept events that precede `before`, the newest first."""
        return [_recorded(*row) for row in self._database.read(_BEFORE, before, limit)]

    def get(self, event_id: str) -> RecordedEvent | None:
        """The kept event of that id."""
        seq = seq_in(event_id)
        rows = [] if seq is None else self._database.read(_GET, seq)
        found = _recorded(*rows[0]) if rows else None
        return found if found is not None and found.event_id == event_id else None

    def head(self) -> int:
        """The newest event's sequence number; 0 where there was none yet."""
        rows = self._database.read(_HEAD)
        return rows[0][0] if rows else 0

    def oldest(self) -> int:
        """The sequence number of the oldest event that is kept; 0 without any."""
        rows = self._database.read(_OLDEST)
        return rows[0][0] if rows else 0

    def old(self, *, before: datetime, most: int, least: int, limit: int) -> int | None:
        """How far, among the oldest `limit` events, events are old or too many.

        Old is what was recorded before that time, too many what exceeds `most`; the
        newest `least` are neither. None where there is nothing of that.
        """
        head = self.head()
        rows = self._database.read(
            _OLD, limit, head - least, time_text(before), head - most
        )
        through: int | None = rows[0][0]
        return through

    async def forget(self, *, through: int) -> None:
        """Keep no event up to that sequence number; the newest stays, for its number."""
        await self._database.execute(_FORGET, through)

    def _writing(
        self,
        change: Change[T],
        events: Sequence[Event],
        *,
        at: datetime,
        lost: Callable[[], None] | None = None,
    ) -> _Writing[T]:
        """Take the next place for `events`, about to be written with `change`."""
        place = _Place()
        recorded: list[RecordedEvent] = []
        self._lane.append(place)

        def both(connection: sqlite3.Connection) -> T:
            result = change(connection)
            recorded[:] = _insert(connection, events, at=at)
            return result

        def settled(result: T | None) -> None:
            place.events = [] if result is None else recorded
            if result is None and lost is not None:
                lost()
            self._advance()

        return _Writing(both, settled)

    def _advance(self) -> None:
        """Tell of all that nothing uncertain stands before."""
        while self._lane and (events := self._lane[0].events) is not None:
            self._lane.popleft()
            for event in events:
                self.tell(event)


def _insert(
    connection: sqlite3.Connection, events: Sequence[Event], *, at: datetime
) -> list[RecordedEvent]:
    (head,) = connection.execute(_HEAD).fetchone() or (0,)
    at_text, recorded = time_text(at), []
    for seq, event in enumerate(events, start=head + 1):
        name, reader_id = name_of(event), reader_of(event)
        data = canonical(data_of(event))
        id_ = event_id(seq, at=at_text, type=name, data=data)
        connection.execute(_INSERT, (seq, id_, at_text, name, reader_id, data))
        recorded.append(RecordedEvent(seq, id_, at, name, reader_id, data))
    return recorded


def _recorded(
    seq: int, id_: str, at: str, name: str, reader_id: str | None, data: str
) -> RecordedEvent:
    return RecordedEvent(seq, EventId(id_), time_of(at), name, reader_id, data)


def _nothing(_: sqlite3.Connection) -> bool:
    """An event that stands for itself."""
    return True


def _nobody(_: Told) -> None:
    """Who listens before anybody does."""
