"""One running card read on a MagTek device."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Self

from drivers.errors import (
    DriverError,
    LocalError,
    ReaderRefused,
    ReaderTimeout,
    TransportError,
)
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.translation import (
    arpc,
    encrypted_card,
    event_of,
    finished,
    message_in,
)
from drivers.protocol.magtek_mms.card_data import decode_arqc, encode_arpc
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface_notices import DisplayRequest
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Technology,
    TransactionComplete,
)
from drivers.reader import (
    CardRequested,
    ChipFlow,
    IssuerAnswer,
    MessageShown,
    OnlineRequested,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)

DECLINED = "05"
"""The response code that ends a wait for the issuer nobody will answer."""


class Phase(StrEnum):
    """How far the device is, by what it told."""

    READING = "reading"
    AWAITING_ISSUER = "awaiting_issuer"
    COMPLETING = "completing"
    FINISHED = "finished"


class MmsTransaction:
    """Implements drivers.reader.Transaction."""

    def __init__(self, device: Device, request: TransactionRequest) -> None:
        self._device = device
        self._request = request
        self._phase = Phase.READING
        self._technology = 0
        self._serial_number: bytes | None = None
        self._inbox: asyncio.Queue[TransactionEvent | DriverError] = asyncio.Queue()
        self._has_answer = False
        self._is_read_to_its_end = False
        self._inbox.put_nowait(CardRequested(request.options))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TransactionEvent:
        """The next event; raises ReaderTimeout where the device fell silent."""
        if self._is_read_to_its_end:
            raise StopAsyncIteration
        item = await self._next_item()
        if isinstance(item, DriverError):
            self._inbox.put_nowait(item)
            raise item
        self._is_read_to_its_end = isinstance(item, TransactionFinished)
        return item

    async def _next_item(self) -> TransactionEvent | DriverError:
        if not self._inbox.empty():  # No timer for what is there: readers tell much.
            return self._inbox.get_nowait()
        silence_s = self._request.timeout_s + self._device.timings.guard_s
        try:
            async with asyncio.timeout(silence_s):
                return await self._inbox.get()
        except TimeoutError:
            raise ReaderTimeout(
                f"the reader told nothing for {silence_s:g} s of a transaction"
            ) from None

    async def complete_online(self, answer: IssuerAnswer) -> None:
        """Hand the issuer's answer to the reader; its verdict comes as an event.

        Where the card needs none any more, as in Quick Chip, nothing is sent. Raises
        LocalError where no OnlineRequested is pending.
        """
        if self._serial_number is None or self._has_answer:
            raise LocalError("no card waits for an issuer's answer")
        if self._phase is Phase.AWAITING_ISSUER:
            await self._resume(self._serial_number, answer)
        self._has_answer = True

    async def cancel(self) -> None:
        """Ask the reader to stop; TransactionFinished still follows as an event."""
        if self._phase is not Phase.FINISHED:
            await self._device.cancel()

    async def decline(self) -> None:
        """Where the device waits for the issuer: end that wait with a decline."""
        if self._phase is Phase.AWAITING_ISSUER and self._serial_number is not None:
            await self._resume(self._serial_number, IssuerAnswer(DECLINED))

    def noticed(self, notice: Notice) -> None:
        """Called by the device with what it tells, in order."""
        match notice:
            case CardUpdate():
                self._put(event_of(notice))
            case CardData(technology, DataKind.ARQC, blob):
                self._card_read(technology, blob)
            case TransactionComplete():
                self._end(finished(notice))
            case DeviceUpdate(DeviceState.RESTARTED):
                self._end(TransactionFinished(Verdict.FAILED, "restarted"))
            case DisplayRequest(lines):
                message = message_in(lines)
                self._put(None if message is None else MessageShown(message))
            case _:
                # Batch records, for one, are for hosts that settle by themselves.
                return

    def disconnected(self, error: TransportError) -> None:
        """Called by the device when the wire is gone."""
        self._inbox.put_nowait(error)

    def ended_unheard(self) -> None:
        """Called by the device when no transaction runs on it and no end was heard."""
        was_reading = self._phase is Phase.READING
        verdict = Verdict.CANCELED_BY_HOST if was_reading else Verdict.FAILED
        self._end(TransactionFinished(verdict, "no_transaction"))

    async def _resume(self, serial_number: bytes, answer: IssuerAnswer) -> None:
        blob = encode_arpc(arpc(serial_number, answer))
        self._phase = Phase.COMPLETING
        self._has_answer = True
        try:
            await self._device.order(ResumeTransaction(blob))
        except ReaderRefused:
            # Taps and swipes may be over for the reader once they are read.
            if self._technology == Technology.CONTACT:
                raise

    def _card_read(self, technology: int, blob: bytes) -> None:
        if self._phase is not Phase.READING:
            # The device repeats its ARQC while it waits; it is one card read still.
            return
        try:
            arqc = decode_arqc(blob)
        except DriverError as error:
            self._inbox.put_nowait(error)
            return
        # In Quick Chip the device answers its card by itself.
        waits = self._request.flow is ChipFlow.EMV
        self._phase = Phase.AWAITING_ISSUER if waits else Phase.COMPLETING
        self._technology = technology
        self._serial_number = arqc.serial_number
        self._put(OnlineRequested(encrypted_card(technology, arqc)))

    def _end(self, event: TransactionFinished) -> None:
        if self._phase is not Phase.FINISHED:
            self._phase = Phase.FINISHED
            self._inbox.put_nowait(event)

    def _put(self, event: TransactionEvent | None) -> None:
        if event is not None and self._phase is not Phase.FINISHED:
            self._inbox.put_nowait(event)
