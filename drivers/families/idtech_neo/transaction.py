"""One running card read on a NEO reader, as drivers.reader wants it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

from drivers.errors import (
    DriverError,
    LocalError,
    ReaderEncryptionOff,
    ReaderRefused,
    without_frames,
)
from drivers.families.idtech_neo import translation
from drivers.families.idtech_neo.course import Course, Phase
from drivers.families.idtech_neo.device import Device
from drivers.families.idtech_neo.slot import NeoSlot
from drivers.inbox import Inbox
from drivers.profile import Profile
from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.reader import (
    CardPresented,
    CustomerActing,
    InputOption,
    IssuerAnswer,
    MessageShown,
    SlotState,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)

DECLINED = IssuerAnswer("05")
"""What ends a wait for the issuer that nobody will answer."""


class NeoTransaction:
    """Implements drivers.reader.Transaction around a Course that runs by itself."""

    def __init__(
        self,
        device: Device,
        request: TransactionRequest,
        profile: Profile,
        *,
        slot: NeoSlot | None,
    ) -> None:
        """`slot` is told of a card that is put into it, or pulled out."""
        self._device = device
        self._slot = slot
        self._inbox: Inbox[TransactionEvent | BaseException] = Inbox()
        self._course = Course(device, request, profile, tell=self._told)
        self._is_read_to_its_end = False
        self._running = asyncio.create_task(self._course.run(), name="NEO transaction")
        self._running.add_done_callback(self._ended)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TransactionEvent:
        """The next event; raises what ended the transaction without a verdict."""
        if self._is_read_to_its_end:
            raise StopAsyncIteration
        item = await self._inbox.take()
        if isinstance(item, BaseException):
            self._inbox.put(item)
            raise item
        self._is_read_to_its_end = isinstance(item, TransactionFinished)
        return item

    async def complete_online(self, answer: IssuerAnswer) -> None:
        """Hand the issuer's answer to the reader; its verdict comes as an event.

        Only a chip in EMV flow needs it. Raises LocalError where no OnlineRequested is
        pending, or for an answer that no card can take.
        """
        course = self._course
        if not course.has_asked_issuer or course.issuer.done():
            raise LocalError("no card waits for an issuer's answer")
        translation.host_response(answer)
        course.issuer.set_result(answer)

    async def cancel(self) -> None:
        """Ask the reader to stop; TransactionFinished still follows as an event."""
        course = self._course
        if course.phase is Phase.FINISHED:
            return
        if course.phase is not Phase.READING:
            raise ReaderRefused(CancelTransaction.__name__, detail="card read")
        course.is_canceled = True
        try:
            await self._device.cancel()
        except DriverError:
            course.is_canceled = False
            raise

    @property
    def sent_clear_data(self) -> bool:
        """Whether the reader sent card data that it should have encrypted."""
        is_over = self._running.done() and not self._running.cancelled()
        return is_over and isinstance(self._running.exception(), ReaderEncryptionOff)

    async def release(self) -> None:
        """Leave the reader idle, whatever it does now; raises nothing.

        A chip that waits for its issuer is told a decline.
        """
        course = self._course
        try:
            if course.phase in (Phase.AWAITING_ISSUER, Phase.COMPLETING):
                if not course.issuer.done():
                    course.issuer.set_result(DECLINED)
                settle_s = self._device.timings.settle_s
                await asyncio.wait([self._running], timeout=settle_s)
        finally:
            self._running.cancel()
            await asyncio.wait([self._running])
        if self._running.cancelled() or self._running.exception() is not None:
            # A chip may still wait in the slot, which no conversation tells of.
            with suppress(DriverError):
                await self._device.cancel()

    def _told(self, event: TransactionEvent) -> None:
        if event == CardPresented(InputOption.INSERT) and self._slot is not None:
            self._slot.state = SlotState.OCCUPIED
        if isinstance(event, MessageShown | CustomerActing):
            self._inbox.put_news(event)
        else:
            # A course tells of each of these at most as often as it tries.
            self._inbox.put(event)

    def _ended(self, running: asyncio.Task[TransactionFinished]) -> None:
        if running.cancelled():
            return
        error = running.exception()
        if error is None:
            if (end := running.result()).verdict is Verdict.CARD_REMOVED and self._slot:
                self._slot.state = SlotState.EMPTY
            self._inbox.put(end)
        else:
            self._inbox.put(without_frames(error))
