"""One registered reader: whether it is there, and given out for one thing at a time.

Its connection is the work of agent.readers.supervisor. Never decides anything about
payments.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from enum import StrEnum

from agent.clock import Clock
from agent.errors import ReaderBusy, ReaderOffline
from agent.events import EventBus, ReaderStatusChanged
from agent.journal.readers import RegisteredReader
from agent.log import get_logger
from drivers.reader import Reader, Transaction, TransactionRequest

log = get_logger(__name__)


class ReaderStatus(StrEnum):
    """Stripe's words for whether a reader can be used."""

    ONLINE = "online"
    OFFLINE = "offline"


class ReaderSession:
    """A reader's record, its connection while it has one, and its lock."""

    def __init__(
        self,
        record: RegisteredReader,
        *,
        clock: Clock,
        events: EventBus,
    ) -> None:
        self.record = record
        self.last_seen_at: datetime | None = None
        """When it came, went, or was last used without trouble."""
        self.offline_reason: str | None = "not_connected_yet"
        self._clock = clock
        self._events = events
        self._reader: Reader | None = None
        self._reader_lock = asyncio.Lock()
        self._reserved_for: str | None = None
        self._changed = asyncio.Event()
        self._tried = asyncio.Event()

    @property
    def status(self) -> ReaderStatus:
        """Whether the wire to the reader is open."""
        return ReaderStatus.OFFLINE if self._reader is None else ReaderStatus.ONLINE

    @property
    def reader(self) -> Reader | None:
        """The open reader, if there is one now: for whoever has reserved it."""
        return self._reader

    async def first_attempt(self) -> None:
        """Return when the first attempt to connect has ended, one way or the other."""
        await self._tried.wait()

    @asynccontextmanager
    async def transaction(
        self, request: TransactionRequest
    ) -> AsyncIterator[Transaction]:
        """The reader, exclusively, for one card read.

        Raises ReaderBusy, ReaderOffline, and what drivers.reader.Reader.transaction
        raises.
        """
        self.check_free()
        reader = self.open_reader()
        async with self._reader_lock, reader.transaction(request) as transaction:
            yield transaction
        self.last_seen_at = self._clock.now()

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Reader]:
        """The reader, exclusively, for an action without a card; waits for its turn.

        Raises ReaderBusy while it is reserved, and ReaderOffline.
        """
        self.check_free()
        reader = self.open_reader()
        async with self._reader_lock:
            yield reader
        self.last_seen_at = self._clock.now()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Reader]:
        """The reader, exclusively, for something short beside payments.

        Raises ReaderBusy instead of waiting, and ReaderOffline.
        """
        self.check_free()
        reader = self.open_reader()
        if self._reader_lock.locked():
            raise ReaderBusy("Reader is currently busy processing another request.")
        async with self._reader_lock:
            yield reader
        self.last_seen_at = self._clock.now()

    @contextmanager
    def reserve(self, purpose: str) -> Iterator[None]:
        """Keep everybody else from the reader, over reconnects too.

        `purpose` completes "the reader is busy with". Raises ReaderBusy where the
        reader is in use or reserved.
        """
        self.check_free()
        if self._reader_lock.locked():
            raise ReaderBusy("Reader is currently busy processing another request.")
        self._reserved_for = purpose
        try:
            yield
        finally:
            self._reserved_for = None

    def check_free(self) -> None:
        """Raises ReaderBusy while the reader is reserved."""
        if self._reserved_for is not None:
            raise ReaderBusy(f"Reader is currently busy with {self._reserved_for}.")

    def open_reader(self) -> Reader:
        """The open reader, for whoever has reserved it; raises ReaderOffline."""
        if self._reader is None:
            raise ReaderOffline(
                f"Reader {self.record.reader_id} is offline ({self.offline_reason})."
            )
        return self._reader

    async def connected(self, *, after: Reader | None = None) -> Reader:
        """The open reader, as soon as there is one: for whoever has reserved it.

        `after` is a connection that has ended, or soon will have.
        """
        while self._reader is None or self._reader is after:
            await self._changed.wait()
        return self._reader

    def set_online(self, reader: Reader) -> None:
        """From now on `reader` is what this session gives out."""
        self._reader = reader
        self.offline_reason = None
        self.last_seen_at = self._clock.now()
        self._tried.set()
        self._note_change()
        self._tell_status()

    def set_offline(self, reason: str) -> None:
        """From now on there is no reader, for this reason, an error's code."""
        self._tried.set()
        if self._reader is None and self.offline_reason == reason:
            return
        was_online = self._reader is not None
        self._reader = None
        self.offline_reason = reason
        self._note_change()
        if was_online:
            self.last_seen_at = self._clock.now()
            self._tell_status()

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _tell_status(self) -> None:
        log.info(
            "reader.status",
            reader_id=self.record.reader_id,
            status=self.status,
            reason=self.offline_reason,
        )
        self._events.publish(
            ReaderStatusChanged(
                self.record.reader_id, self.status, reason=self.offline_reason
            )
        )
