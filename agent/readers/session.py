"""One registered reader: keeps its wire open, gives it out for one thing at a time.

Reconnects for as long as it is registered; never decides anything about payments.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from enum import StrEnum

from agent.clock import Clock, doubling
from agent.errors import InternalError, ReaderBusy, ReaderOffline
from agent.events import EventBus, ReaderStatusChanged
from agent.journal.readers import RegisteredReader
from agent.log import get_logger
from agent.settings import ReaderSettings
from drivers.errors import DriverError
from drivers.reader import Reader, Transaction, TransactionRequest

log = get_logger(__name__)

OpenReader = Callable[[str, str | None], Awaitable[Reader]]
"""Opens a transport spec as the named model, or asks the reader what it is."""


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
        open_reader: OpenReader,
        clock: Clock,
        events: EventBus,
        settings: ReaderSettings,
    ) -> None:
        self.record = record
        self.last_seen_at: datetime | None = None
        self.offline_reason: str | None = "not_connected_yet"
        self._open_reader = open_reader
        self._clock = clock
        self._events = events
        self._settings = settings
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
        reader = self._connected()
        async with self._reader_lock, reader.transaction(request) as transaction:
            yield transaction

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

    async def connected(self, *, after: Reader | None = None) -> Reader:
        """The open reader, as soon as there is one: for whoever has reserved it.

        `after` is a connection that has ended, or soon will have.
        """
        while self._reader is None or self._reader is after:
            await self._changed.wait()
        return self._reader

    async def run(self, *, opened: Reader | None = None) -> None:
        """Connect, wait for the wire to drop, connect again; ends by cancellation.

        `opened` is a connection that exists already, from registering the reader.
        """
        waits = self._waits()
        try:
            while True:
                try:
                    reader = opened or await self._open_registered()
                    opened, waits = None, self._waits()
                    await self._hold(reader)
                    continue
                except DriverError as error:
                    reason = error.code
                except Exception:
                    # The outermost loop: a defect in one driver must not end the others.
                    log.exception("reader.defect", reader_id=self.record.reader_id)
                    reason = InternalError.code
                self._set_offline(reason)
                await self._clock.sleep(next(waits))
        finally:
            self._set_offline("not_connected")

    def _waits(self) -> Iterator[float]:
        settings = self._settings
        return doubling(settings.reconnect_min_s, max_s=settings.reconnect_max_s)

    def _connected(self) -> Reader:
        if self._reader is None:
            raise ReaderOffline(
                f"Reader {self.record.reader_id} is offline ({self.offline_reason})."
            )
        return self._reader

    async def _open_registered(self) -> Reader:
        """Raises DriverError unless the registered reader answers on its port."""
        reader = await self._open_reader(self.record.spec, self.record.model)
        try:
            if reader.info.serial_number != self.record.serial_number:
                raise OtherReaderFound(reader.info.serial_number)
            # A crash may have left a transaction running on the reader.
            await reader.cancel()
        except BaseException:
            await reader.aclose()
            raise
        return reader

    async def _hold(self, reader: Reader) -> None:
        try:
            self._set_online(reader)
            await reader.wait_closed()
        finally:
            self._set_offline("reader_disconnected")
            await reader.aclose()

    def _set_online(self, reader: Reader) -> None:
        self._reader = reader
        self.offline_reason = None
        self.last_seen_at = self._clock.now()
        self._tried.set()
        self._note_change()
        self._tell_status()

    def _set_offline(self, reason: str) -> None:
        if self._reader is None and self.offline_reason == reason:
            return
        was_online = self._reader is not None
        self._reader = None
        self._note_change()
        self._tried.set()
        self.offline_reason = reason
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


class OtherReaderFound(DriverError):
    """Another reader than the registered one answers on the port."""

    code = "reader_serial_mismatch"

    def __init__(self, serial_number: str) -> None:
        super().__init__(f"the port now holds reader {serial_number}")
        self.serial_number = serial_number
