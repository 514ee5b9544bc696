"""One running card read on a MagTek device."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import Self

from drivers.errors import (
    DriverError,
    LocalError,
    ReaderRefused,
    TransportError,
    without_frames,
)
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.fallback import Retry, retry_after
from drivers.families.magtek_mms.inbox import Inbox
from drivers.families.magtek_mms.signature import capture_signature
from drivers.families.magtek_mms.starting import start_command
from drivers.families.magtek_mms.translation import (
    arpc,
    encrypted_card,
    event_of,
    finished,
    shown_in,
    tip_of,
)
from drivers.features import Signature
from drivers.protocol.magtek_mms.card_data import (
    decode_arqc,
    decode_batch,
    encode_arpc,
)
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ReportSelection,
    ResumeTransaction,
    SelectionEnd,
)
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface_notices import (
    DisplayRequest,
    SelectionRequest,
)
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.status import StatusDetail, refused
from drivers.reader import (
    CardRequested,
    ChipFlow,
    CustomerActing,
    CustomerStep,
    InputOption,
    IssuerAnswer,
    MessageShown,
    OnlineRequested,
    SignatureCaptured,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)

DECLINED = "05"
"""The response code that ends a wait for the issuer nobody will answer."""
FIRST_APPLICATION = ReportSelection(SelectionEnd.CHOSEN, 0)
"""Of highest priority: what EMV has a terminal take that cannot ask the cardholder."""


class Phase(StrEnum):
    """How far the device is, by what it told."""

    READING = "reading"
    AWAITING_ISSUER = "awaiting_issuer"
    COMPLETING = "completing"
    SIGNING = "signing"
    FINISHED = "finished"


_OVER = frozenset({Phase.SIGNING, Phase.FINISHED})
"""What the device tells of its end from here on is no news."""


class MmsTransaction:
    """Implements drivers.reader.Transaction."""

    def __init__(
        self,
        device: Device,
        request: TransactionRequest,
        options: frozenset[InputOption],
    ) -> None:
        """`options` are those of the request that the model has."""
        self._device = device
        self._request = request
        self._options = options
        self._phase = Phase.READING
        self._technology = 0
        self._serial_number: bytes | None = None
        self._chip_reads = 1
        self._is_fallback = False
        self._inbox = Inbox()
        self._has_answer = False
        self._is_signed = False
        self._is_starting_again = False
        self._is_read_to_its_end = False
        self._inbox.put(CardRequested(options))
        if request.tip is not None:
            self._inbox.put(CustomerActing(CustomerStep.SELECTING_TIP))
        if InputOption.MANUAL in options:
            self._inbox.put(CustomerActing(CustomerStep.ENTERING_CARD_NUMBER))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TransactionEvent:
        """The next event; raises ReaderTimeout where the device fell silent."""
        if self._is_read_to_its_end:
            raise StopAsyncIteration
        silence_s = self._request.timeout_s + self._device.timings.guard_s
        event = await self._inbox.next_event(silence_s=silence_s)
        self._is_read_to_its_end = isinstance(event, TransactionFinished)
        return event

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
        """Ask the reader to stop; TransactionFinished still follows as an event.

        Raises ReaderRefused where it is too late, as while the cardholder signs.
        """
        if self._phase is Phase.SIGNING:
            detail = refused(StatusDetail.CANNOT_CANCEL).hex
            raise ReaderRefused(CancelTransaction.__name__, detail=detail)
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
                self._put_news(event_of(notice))
            case CardData(technology, DataKind.ARQC, blob):
                self._card_read(technology, blob)
            case CardData(_, DataKind.BATCH, blob):
                self._recorded(blob)
            case TransactionComplete():
                self._completed(notice)
            case DeviceUpdate(DeviceState.RESTARTED):
                self._end(TransactionFinished(Verdict.FAILED, "restarted"))
            case DisplayRequest(lines):
                self._put_news(shown_in(lines))
            case SelectionRequest():
                self._inbox.put_news(self._choose_first_application)
            case _:
                # Nothing that a cashier could do something about.
                return

    def disconnected(self, error: TransportError) -> None:
        """Called by the device when the wire is gone."""
        self._inbox.put(error)

    def ended_unheard(self) -> None:
        """Called by the device when no transaction runs on it and no end was heard."""
        if self._phase is Phase.SIGNING:
            return
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
            tip = tip_of(arqc, self._request.currency)
        except DriverError as error:
            self._inbox.put(without_frames(error))
            return
        # In Quick Chip the device answers its card by itself; typed numbers have none.
        is_typed = technology == Technology.MANUAL
        waits = self._request.flow is ChipFlow.EMV and not is_typed
        self._phase = Phase.AWAITING_ISSUER if waits else Phase.COMPLETING
        self._technology = technology
        self._serial_number = arqc.serial_number
        self._put(tip)
        card = encrypted_card(technology, arqc, is_fallback=self._is_fallback)
        self._put(OnlineRequested(card))

    def _recorded(self, blob: bytes) -> None:
        """Of the record only the signature matters: hosts settle by the card read."""
        if not self._request.asks_signature or self._is_signed:
            return
        with suppress(DriverError):
            signature = decode_batch(blob).signature
            if signature is not None:
                self._is_signed = True
                self._put(SignatureCaptured(signature))

    def _completed(self, complete: TransactionComplete) -> None:
        if self._phase in _OVER or self._is_starting_again:
            # The device repeats itself.
            return
        is_read = self._phase is not Phase.READING
        retry = None if is_read else self._retry_after(complete)
        if retry is not None:
            self._is_starting_again = True
            self._put(MessageShown(retry.message))
            self._put(CardRequested(retry.options))
            self._inbox.put(partial(self._start_again, retry, complete))
        elif is_read and self._wants_signature(complete):
            self._phase = Phase.SIGNING
            self._inbox.put(CustomerActing(CustomerStep.SIGNING))
            self._inbox.put(partial(self._sign, finished(complete)))
        else:
            self._end(finished(complete))

    def _retry_after(self, complete: TransactionComplete) -> Retry | None:
        return retry_after(
            complete,
            options=self._options,
            chip_reads=self._chip_reads,
            is_at_stripe=self._is_fallback,
        )

    def _wants_signature(self, complete: TransactionComplete) -> bool:
        is_wanted = complete.extension == OutcomeExtension.SIGNATURE_WANTED
        is_refused = finished(complete).verdict is Verdict.DECLINED
        return self._request.asks_signature and is_wanted and not is_refused

    async def _start_again(self, retry: Retry, complete: TransactionComplete) -> None:
        self._is_starting_again = False
        if self._phase is Phase.FINISHED:
            return
        self._chip_reads += 1
        self._is_fallback = retry.is_to_stripe
        # Who has chosen a tip before has to choose again: the reader forgot it.
        command = start_command(
            replace(self._request, options=retry.options), retry.options
        )
        try:
            await self._device.start(command, self)
        except ReaderRefused:
            self._end(finished(complete))

    async def _sign(self, end: TransactionFinished) -> None:
        events: list[TransactionEvent] = [end]
        try:
            drawn = await capture_signature(
                self._device, timeout_s=self._request.timeout_s
            )
            if isinstance(drawn, Signature):
                events.insert(0, SignatureCaptured(drawn))
        except DriverError:
            # Whatever became of the signature, the card has been decided on.
            return
        finally:
            self._phase = Phase.FINISHED
            self._inbox.put_first(*events)

    async def _choose_first_application(self) -> None:
        with suppress(ReaderRefused):
            await self._device.order(FIRST_APPLICATION)

    def _end(self, event: TransactionFinished) -> None:
        if self._phase not in _OVER:
            self._phase = Phase.FINISHED
            self._inbox.put(event)

    def _put(self, event: TransactionEvent | None) -> None:
        if event is not None and self._phase is not Phase.FINISHED:
            self._inbox.put(event)

    def _put_news(self, event: TransactionEvent | None) -> None:
        if event is not None and self._phase is not Phase.FINISHED:
            self._inbox.put_news(event)
