"""Signatures, codes, tags and PINs on a MagTek reader, and how each may end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from mms_pipe import KSN, opened_reader
from mms_transactions import CANCELED, NOTHING_RUNS, TAPPED, TOO_LATE
from virtual_time import in_virtual_time

from drivers.errors import Disconnected, FrameError, ReaderRefused, ReaderTimeout
from drivers.features import (
    Barcode,
    EncryptedPin,
    Features,
    InputEnd,
    NfcTag,
    PinBlockFormat,
    PinRequest,
    Point,
    Signature,
)
from drivers.protocol.magtek_mms.barcode import BarcodeKind
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import CancelTransaction, ResetDevice
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.files import (
    GetFile,
)
from drivers.protocol.magtek_mms.interface import ReadBarcode, RequestSignature
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    InterfaceEvent,
    InterfaceUpdate,
    SignatureReady,
)
from drivers.protocol.magtek_mms.nfc import encode_uid
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.pin import (
    EncryptedPinBlock,
    PinBlock,
    PinSequence,
    RequestCardPin,
)
from drivers.protocol.magtek_mms.pin_notices import PinEntered, PinFailed, PinFailure
from drivers.protocol.magtek_mms.signatures import encode_signature
from drivers.protocol.magtek_mms.start import Contactless, StartTransaction
from drivers.protocol.magtek_mms.status import DONE, STARTED

PED = "magtek_dynaflex_ii_ped"
DRAWING = Signature(((Point(1, 2), Point(30, 40)), (Point(5, 5),)), 253, 120)
UID = bytes.fromhex("04371F71BF6180")
PIN = EncryptedPinBlock(b"8 bytes.", KSN, PinBlock.ISO_4, 0x81)
PIN_REQUEST = PinRequest(
    30, least_digits=4, most_digits=6, block_format=PinBlockFormat.ISO_4
)

Ask = Callable[[Features], Coroutine[Any, Any, object]]


def signature(features: Features) -> Coroutine[Any, Any, object]:
    assert features.signature is not None
    return features.signature.request_signature(timeout_s=30)


def barcode(features: Features) -> Coroutine[Any, Any, object]:
    assert features.barcode is not None
    return features.barcode.read_barcode(timeout_s=30)


def tag(features: Features) -> Coroutine[Any, Any, object]:
    assert features.nfc_tag is not None
    return features.nfc_tag.read_tag(timeout_s=30)


def pin(features: Features) -> Coroutine[Any, Any, object]:
    assert features.pin is not None
    return features.pin.request_pin(PIN_REQUEST)


@in_virtual_time
async def test_signature_is_drawn_and_fetched() -> None:
    async with opened_reader(model=PED) as (reader, device):
        signing = asyncio.create_task(signature(reader.features))
        command = await device.answer_next(RequestSignature, STARTED, SignatureReady())
        await device.answer_file(encode_signature(DRAWING))

        assert await signing == DRAWING
        assert command == RequestSignature(30)


@in_virtual_time
async def test_signature_that_is_not_the_announced_one_is_refused() -> None:
    async with opened_reader(model=PED) as (reader, device):
        signing = asyncio.create_task(signature(reader.features))
        await device.answer_next(RequestSignature, STARTED, SignatureReady())
        await device.answer_file(b"announced", sent=encode_signature(DRAWING))

        with pytest.raises(FrameError):
            await signing


@in_virtual_time
async def test_signature_that_never_arrives_is_a_timeout() -> None:
    async with opened_reader(model=PED) as (reader, device):
        signing = asyncio.create_task(signature(reader.features))
        await device.answer_next(RequestSignature, STARTED, SignatureReady())
        await device.answer_next(GetFile, DONE)

        with pytest.raises(ReaderTimeout):
            await signing


@in_virtual_time
async def test_code_is_read() -> None:
    async with opened_reader(model=PED) as (reader, device):
        reading = asyncio.create_task(barcode(reader.features))
        code = BarcodeRead(BarcodeKind.UNKNOWN, b"4006381333931")
        command = await device.answer_next(ReadBarcode, STARTED, code)

        assert await reading == Barcode(b"4006381333931")
        assert command == ReadBarcode(is_enabled=True, timeout_s=30)


@in_virtual_time
async def test_encrypted_code_is_not_handed_out() -> None:
    async with opened_reader(model=PED) as (reader, device):
        reading = asyncio.create_task(barcode(reader.features))
        code = BarcodeRead(BarcodeKind.EMV, EncryptedData(bytes(16), KSN))
        await device.answer_next(ReadBarcode, STARTED, code)

        with pytest.raises(ReaderRefused, match="encrypted 02"):
            await reading


@in_virtual_time
async def test_tag_is_read_and_the_search_ended() -> None:
    async with opened_reader(model=PED) as (reader, device):
        reading = asyncio.create_task(tag(reader.features))
        command = await device.answer_next(
            StartTransaction,
            STARTED,
            CardUpdate(Technology.CONTACTLESS, CardChange.DETECTED, 0x02),
            CardData(Technology.CONTACTLESS, DataKind.NFC_UID, encode_uid(UID)),
        )
        await device.answer_next(CancelTransaction, DONE, CANCELED)

        assert await reading == NfcTag(UID, "mifare_classic_1k")
        assert isinstance(command, StartTransaction)
        assert command.contactless is Contactless.NFC
        assert not command.swipe
        assert not command.insert


@in_virtual_time
async def test_tag_that_stays_may_be_taken_away_later() -> None:
    async with opened_reader(model=PED) as (reader, device):
        reading = asyncio.create_task(tag(reader.features))
        uid = CardData(Technology.CONTACTLESS, DataKind.NFC_UID, encode_uid(UID))
        await device.answer_next(StartTransaction, STARTED, TAPPED, uid)
        await device.answer_next(CancelTransaction, TOO_LATE)
        gone = TransactionComplete(Technology.CONTACTLESS, Outcome.TAG_REMOVED)
        await device.tell(gone)

        assert await reading == NfcTag(UID, "unknown")


@in_virtual_time
async def test_pin_is_taken_encrypted_and_its_session_ended() -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(pin(reader.features))
        first = await device.answer_next(RequestCardPin, STARTED, PinEntered(PIN))
        last = await device.answer_next(RequestCardPin, DONE)

        assert await asking == EncryptedPin(PIN.block, KSN, PinBlockFormat.ISO_4)
        assert isinstance(first, RequestCardPin)
        assert isinstance(last, RequestCardPin)
        assert first.entry.sequence is PinSequence.PRESENT_CARD_AND_ENTER
        assert (first.entry.least_digits, first.entry.most_digits) == (4, 6)
        assert first.entry.block_format == PinBlock.ISO_4
        assert last.entry.sequence is PinSequence.SUCCEED


@pytest.mark.parametrize(
    ("ask", "asked", "notice", "end"),
    [
        (
            signature,
            RequestSignature,
            InterfaceUpdate(InterfaceEvent.SIGNATURE_TIMED_OUT),
            InputEnd.TIMED_OUT,
        ),
        (
            signature,
            RequestSignature,
            InterfaceUpdate(InterfaceEvent.SIGNATURE_CANCELED),
            InputEnd.CANCELED_BY_CUSTOMER,
        ),
        (
            barcode,
            ReadBarcode,
            InterfaceUpdate(InterfaceEvent.BARCODE_TIMED_OUT),
            InputEnd.TIMED_OUT,
        ),
        (
            tag,
            StartTransaction,
            TransactionComplete(Technology.NONE, Outcome.TIMED_OUT),
            InputEnd.TIMED_OUT,
        ),
        (
            tag,
            StartTransaction,
            TransactionComplete(Technology.NONE, Outcome.CANCELED_BY_CUSTOMER),
            InputEnd.CANCELED_BY_CUSTOMER,
        ),
        (pin, RequestCardPin, PinFailed(PinFailure.TIMED_OUT), InputEnd.TIMED_OUT),
        (
            pin,
            RequestCardPin,
            PinFailed(PinFailure.CANCELED),
            InputEnd.CANCELED_BY_CUSTOMER,
        ),
    ],
)
@in_virtual_time
async def test_customer_who_does_not_answer_is_an_answer(
    ask: Ask, asked: type[Command], notice: Notice, end: InputEnd
) -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(ask(reader.features))
        await device.answer_next(asked, STARTED, notice)

        assert await asking is end


@pytest.mark.parametrize(
    ("ask", "asked", "notice", "reason"),
    [
        (
            signature,
            RequestSignature,
            InterfaceUpdate(InterfaceEvent.SIGNATURE_UNAVAILABLE),
            "01010202",
        ),
        (signature, RequestSignature, DeviceUpdate(DeviceState.RESTARTED), "restarted"),
        (
            tag,
            StartTransaction,
            TransactionComplete(Technology.NONE, Outcome.FAILED),
            "00020800",
        ),
        (pin, RequestCardPin, PinFailed(PinFailure.NO_HARDWARE), "01020202"),
        (
            pin,
            RequestCardPin,
            PinEntered(EncryptedPinBlock(bytes(8), KSN, PinBlock.ISO_1, 0x81)),
            "format 01",
        ),
    ],
)
@in_virtual_time
async def test_reader_that_fails_says_why(
    ask: Ask, asked: type[Command], notice: Notice, reason: str
) -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(ask(reader.features))
        await device.answer_next(asked, STARTED, notice)

        with pytest.raises(ReaderRefused, match=reason):
            await asking


@in_virtual_time
async def test_notice_before_the_response_counts() -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(barcode(reader.features))
        asked = await device.next_request()
        await device.tell(BarcodeRead(BarcodeKind.UNKNOWN, b"early"))
        await device.answer(asked, STARTED)

        assert await asking == Barcode(b"early")


@pytest.mark.parametrize(
    ("ask", "stop"),
    [
        (signature, CancelTransaction),
        (barcode, ReadBarcode),
        (pin, RequestCardPin),
        (tag, CancelTransaction),
    ],
)
@in_virtual_time
async def test_reader_that_falls_silent_is_stopped(
    ask: Ask, stop: type[Command]
) -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(ask(reader.features))
        await device.answer(await device.next_request(), STARTED)

        status = NOTHING_RUNS if ask is tag else DONE
        await device.answer_next(stop, status)

        with pytest.raises(ReaderTimeout):
            await asking


@in_virtual_time
async def test_reader_that_will_not_stop_asking_is_reset() -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(signature(reader.features))
        await device.answer_next(RequestSignature, STARTED)
        await device.answer_next(CancelTransaction, NOTHING_RUNS)
        await device.answer_next(ResetDevice, DONE)

        with pytest.raises(ReaderTimeout):
            await asking


@in_virtual_time
async def test_who_stops_waiting_takes_the_screen_back() -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(barcode(reader.features))
        await device.answer_next(ReadBarcode, STARTED)
        asking.cancel()

        stopped = await device.answer_next(ReadBarcode, DONE)

        with pytest.raises(asyncio.CancelledError):
            await asking
        assert stopped == ReadBarcode(is_enabled=False)


@pytest.mark.parametrize("ask", [signature, barcode, tag, pin])
@in_virtual_time
async def test_pulled_cable_ends_the_question(ask: Ask) -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(ask(reader.features))
        await device.answer(await device.next_request(), STARTED)
        await asyncio.sleep(0)

        await device.pipe.aclose()

        with pytest.raises(Disconnected):
            await asking


@in_virtual_time
async def test_resetting_the_reader_ends_the_search_for_a_tag() -> None:
    async with opened_reader(model=PED) as (reader, device):
        asking = asyncio.create_task(tag(reader.features))
        await device.answer_next(StartTransaction, STARTED)
        resetting = asyncio.create_task(reader.reset())
        await device.answer_next(ResetDevice, DONE)
        await resetting

        assert await asking is InputEnd.CANCELED_BY_HOST
