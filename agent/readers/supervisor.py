"""Keeps one registered reader connected: the effects of agent.readers.reconnect."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from agent.clock import Clock
from agent.errors import InternalError, ReaderOffline
from agent.log import get_logger
from agent.readers.closing import close_reader, end_tasks
from agent.readers.opening import Found, Neighbours, Opening
from agent.readers.ports import OtherReaderFound
from agent.readers.reconnect import TRYING, DisconnectReason, Happening, Phase
from agent.readers.session import ReaderSession, ReaderStatus
from agent.readers.standing import Standing
from drivers.errors import Disconnected, DriverError, ReaderTimeout, RemoteError
from drivers.reader import Reader

log = get_logger(__name__)

_PUZZLES = (ReaderTimeout, RemoteError, OtherReaderFound)


class Supervisor:
    """One reader's connection. `run` is its only task; everybody else calls it."""

    def __init__(
        self,
        session: ReaderSession,
        standing: Standing,
        *,
        opening: Opening,
        neighbours: Neighbours,
        clock: Clock,
    ) -> None:
        self.is_misunderstood = False
        """Whether its port can be opened, and what is there makes no sense."""
        self._session = session
        self._standing = standing
        self._opening = opening
        self._neighbours = neighbours
        self._clock = clock
        self._given: Found | None = None
        self._held: Reader | None = None
        self._wanted: DisconnectReason | None = None
        self._is_port_news = False
        self._called = asyncio.Event()

    @property
    def port(self) -> str:
        """Where the reader is, or was last, as agent.readers.ports.port_of has it."""
        return self._opening.port

    @property
    def is_missing(self) -> bool:
        """Whether the reader is wanted from wherever it may be found."""
        return self._standing.is_missing and self._given is None

    async def run(self, *, opened: Reader | None = None) -> None:
        """Connect, hold, connect again; ends by cancellation.

        `opened` is a connection that exists already, from registering the reader.
        """
        try:
            while True:
                reader = opened or await self._next_reader()
                opened = None
                await self._hold(reader)
        finally:
            self._session.set_offline("not_connected")
            await self._drop_given()

    def adopt(self, reader: Reader, spec: str) -> bool:
        """Use `reader`, which was found on `spec`; False leaves it to the caller."""
        if not self.is_missing:
            return False
        self._given = (reader, spec)
        self.port_added()
        return True

    def port_added(self, *, elsewhere: str | None = None) -> None:
        """Its port came, or one that seems to hold it: try there at once."""
        self._opening.try_first = elsewhere
        self._is_port_news = True
        self._standing.plugged()
        self._called.set()

    def port_removed(self) -> None:
        """Its port is gone."""
        self._standing.port_removed()
        self._called.set()

    async def connect(self) -> None:
        """Connect now, whatever was before; raises ReaderOffline where that fails."""
        standing = self._standing
        while standing.phase is Phase.CONNECTED and self._wanted is not None:
            await standing.step()
        if standing.phase is Phase.CONNECTED:
            return
        standing.asked(Happening.CONNECT_ASKED)
        self._called.set()
        failures = standing.failures
        while standing.phase in TRYING and standing.failures == failures:
            await standing.step()
        if self._session.status is ReaderStatus.OFFLINE:
            raise ReaderOffline(
                f"Reader {self._session.record.reader_id} cannot be connected "
                f"({self._session.offline_reason})."
            )

    async def disconnect(self) -> None:
        """Let go of the reader, until somebody connects it or the agent restarts.

        Raises ReaderBusy.
        """
        with self._session.reserve("being disconnected"):
            if self._standing.phase is Phase.CONNECTED:
                reader = self._session.open_reader()
                await self._let_go(reader, DisconnectReason.DISCONNECT_REQUESTED)
            else:
                self._standing.asked(Happening.DISCONNECT_ASKED)
                self._called.set()

    async def reboot(self) -> None:
        """Restart the reader; it is connected again as soon as it is back.

        Raises ReaderBusy, ReaderOffline and DriverError.
        """
        reason = DisconnectReason.REBOOT_REQUESTED
        with self._session.reserve("a restart"):
            reader = self._session.open_reader()
            # It may be gone before it has answered, and that is wanted then.
            self._wanted = reason
            try:
                with suppress(Disconnected):
                    await reader.reset()
            except BaseException:
                self._wanted = None
                raise
            await self._let_go(reader, reason)

    async def _let_go(self, reader: Reader, reason: DisconnectReason) -> None:
        """Return when the reader's port has been given back."""
        while self._held is reader:
            self._wanted = reason
            self._called.set()
            await self._standing.step()

    async def _next_reader(self) -> Reader:
        while True:
            await self._rest()
            reader = await self._attempt()
            if reader is not None:
                return reader

    async def _rest(self) -> None:
        """Return when an attempt is due."""
        while True:
            self._called.clear()
            if self._standing.phase not in TRYING:
                await self._drop_given()
            elif self._given is not None:
                return
            seconds = self._standing.wait_s()
            if seconds is None:
                await self._called.wait()
            elif seconds == 0.0 or not await self._called_within(seconds):
                break
        if self._standing.phase is Phase.QUARANTINED:
            self._standing.asked(Happening.RESTED)

    async def _called_within(self, seconds: float) -> bool:
        sleeping = asyncio.create_task(self._clock.sleep(seconds))
        try:
            await self._until_called(sleeping)
            return not sleeping.done()
        finally:
            sleeping.cancel()

    async def _until_called(self, or_done: asyncio.Task[Any]) -> None:
        calling = asyncio.create_task(self._called.wait())
        try:
            await asyncio.wait({calling, or_done}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            calling.cancel()
        self._called.clear()

    async def _attempt(self) -> Reader | None:
        """One try; None where it failed, or is not wanted any more."""
        self._is_port_news = False
        given, self._given = self._given, None
        opening = asyncio.create_task(self._opening.opened(given))
        try:
            while not opening.done() and self._is_to_go_on():
                await self._until_called(opening)
        except BaseException:
            await _abandon(opening, given)
            raise
        if not opening.done() or self._standing.phase not in TRYING:
            await _abandon(opening, given)
            return None
        return self._result_of(opening)

    def _is_to_go_on(self) -> bool:
        return self._given is None and self._standing.phase in TRYING

    def _result_of(self, opening: asyncio.Task[Reader]) -> Reader | None:
        try:
            return opening.result()
        except DriverError as error:
            self.is_misunderstood = isinstance(error, _PUZZLES)
            code = error.code
        except (Exception, asyncio.CancelledError):
            # A driver's outermost frame: its defect must not end other readers.
            log.exception("reader.defect", reader_id=self._session.record.reader_id)
            code = InternalError.code
        is_news = self._standing.failed(code, is_outdated=self._is_port_news)
        self._neighbours.seek(is_news=is_news)
        return None

    async def _hold(self, reader: Reader) -> None:
        """Give the reader out until its wire is gone, or it is to be let go."""
        self._held, self._wanted = reader, None
        self._standing.opened(reader)
        listening = asyncio.create_task(self._listen(reader))
        closing = asyncio.create_task(reader.wait_closed())
        try:
            await self._drop_given()
            while not closing.done() and self._is_to_be_held():
                await self._until_called(closing)
            self._standing.lost(wanted=self._wanted)
        finally:
            if self._session.status is ReaderStatus.ONLINE:
                self._session.set_offline("not_connected")
            await end_tasks(listening, closing)
            await close_reader(reader)
            self._held = None
            self._standing.stepped()

    def _is_to_be_held(self) -> bool:
        return self._wanted is None and self._standing.port_gone_at_s is None

    async def _listen(self, reader: Reader) -> None:
        async for notice in reader.notices:
            self._standing.noticed(notice)

    async def _drop_given(self) -> None:
        given, self._given = self._given, None
        if given is not None:
            await close_reader(given[0])


async def _abandon(opening: asyncio.Task[Reader], given: Found | None) -> None:
    opening.cancel()
    await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await close_reader(opening.result())
    elif given is not None:
        # It may have been canceled before it began.
        await close_reader(given[0])
