"""Card reads on a MagTek reader: what the caller sees of what the device tells."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from mms_pipe import (
    CIPHERTEXT,
    KSN,
    SERIAL_NUMBER,
    arqc_of,
    opened_reader,
)
from mms_transactions import (
    APPROVAL,
    APPROVED,
    BATCH,
    CANCELED,
    DECLINED,
    INSERTED,
    QUICK_SALE,
    REMOVED,
    SALE,
    TAPPED,
    started,
)
from transaction_events import (
    events_to_the_end,
    next_event,
    until_online,
    while_answering,
)
from virtual_time import in_virtual_time

from drivers.errors import (
    FrameError,
    LocalError,
    ReaderEncryptionOff,
    ReaderRefused,
)
from drivers.protocol import emv
from drivers.protocol.magtek_mms.card_data import decode_arpc
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface_notices import DisplayRequest
from drivers.protocol.magtek_mms.message import Notification
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
    Unrecognised,
)
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from drivers.protocol.magtek_mms.status import DONE, STARTED, StatusDetail, refused
from drivers.protocol.tlv import Tlv
from drivers.reader import (
    CardPresented,
    CardRemoved,
    CardRequested,
    CustomerActing,
    CustomerStep,
    DisplayMessage,
    EncryptedCard,
    InputOption,
    IssuerAnswer,
    MessageShown,
    OnlineRequested,
    ReadMethod,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)


@pytest.mark.parametrize("chunk_bytes", [None, 1])
@in_virtual_time
async def test_chip_payment_goes_online_and_is_approved(
    chunk_bytes: int | None,
) -> None:
    async with started(chunk_bytes=chunk_bytes) as (transaction, device):
        await device.tell(INSERTED, arqc_of(Technology.CONTACT))
        card = await until_online(transaction)
        resuming = asyncio.create_task(device.answer_next(ResumeTransaction, DONE))
        await transaction.complete_online(APPROVAL)
        await device.tell(BATCH, REMOVED, APPROVED)

        assert await events_to_the_end(transaction) == [
            CardRemoved(),
            TransactionFinished(Verdict.APPROVED, "10020600"),
        ]
        assert card == EncryptedCard(
            ReadMethod.CONTACT_EMV,
            ciphertext=CIPHERTEXT,
            ksn=KSN,
            masked_track_2=";476173******0010=2812?",
        )
        resumed = await resuming
        assert isinstance(resumed, ResumeTransaction)
        answer = decode_arpc(resumed.arpc_blob)
        assert answer.serial_number == SERIAL_NUMBER
        assert answer.response_code == b"00"
        assert answer.authentication_data == bytes(8)


@in_virtual_time
async def test_events_come_in_the_order_of_the_device() -> None:
    async with started(QUICK_SALE) as (transaction, device):
        await device.tell(
            TAPPED,
            arqc_of(Technology.CONTACTLESS),
            TransactionComplete(Technology.CONTACTLESS, Outcome.DEFERRED),
        )

        events = await events_to_the_end(transaction)

        assert events[0] == CardRequested(SALE.options)
        assert events[1] == CardPresented(InputOption.TAP)
        assert isinstance(events[2], OnlineRequested)
        assert events[3] == TransactionFinished(Verdict.DEFERRED, "20020700")


@in_virtual_time
async def test_device_is_told_amount_currency_and_ways_to_pay() -> None:
    request = TransactionRequest(
        amount=500,
        currency="isk",
        timeout_s=30,
        options=frozenset({InputOption.INSERT}),
    )
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(
            device.answer_next(StartTransaction, STARTED, CANCELED)
        )
        async with reader.transaction(request) as transaction:
            await events_to_the_end(transaction)

        assert await answering == StartTransaction(
            timeout_s=30,
            swipe=False,
            insert=True,
            contactless=Contactless.OFF,
            options=Options.DYNAPRO_FORMAT,
            emv_data=(
                Tlv(emv.TRANSACTION_TYPE, b"\x00"),
                Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(5)),
                Tlv(emv.AMOUNT_OTHER, emv.encode_amount(0)),
                Tlv(emv.TRANSACTION_CURRENCY_CODE, bytes.fromhex("0352")),
                Tlv(emv.TRANSACTION_CURRENCY_EXPONENT, b"\x00"),
            ),
        )


@pytest.mark.parametrize(
    ("technology", "fallback", "method"),
    [
        (Technology.CONTACT, 0, ReadMethod.CONTACT_EMV),
        (Technology.CONTACTLESS, 0, ReadMethod.CONTACTLESS_EMV),
        (Technology.SWIPE, 0, ReadMethod.MAGNETIC_STRIPE_TRACK2),
        (Technology.SWIPE, 1, ReadMethod.MAGNETIC_STRIPE_FALLBACK),
    ],
)
@in_virtual_time
async def test_card_says_how_it_was_read(
    technology: Technology, fallback: int, method: ReadMethod
) -> None:
    read = arqc_of(technology, fallback=fallback)
    async with started(QUICK_SALE, read, CANCELED) as (transaction, _):
        assert (await until_online(transaction)).read_method is method


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.APPROVED, Verdict.APPROVED),
        (Outcome.DECLINED, Verdict.DECLINED),
        (Outcome.DEFERRED, Verdict.DEFERRED),
        (Outcome.TIMED_OUT, Verdict.TIMED_OUT),
        (Outcome.CANCELED_BY_HOST, Verdict.CANCELED_BY_HOST),
        (Outcome.CANCELED_BY_CUSTOMER, Verdict.CANCELED_BY_CUSTOMER),
        (Outcome.SWIPE_ERROR, Verdict.CARD_NOT_READ),
        (Outcome.TAG_REMOVED, Verdict.CARD_REMOVED),
        (0x0777, Verdict.FAILED),
    ],
)
@in_virtual_time
async def test_every_outcome_has_a_verdict_and_keeps_its_bytes(
    outcome: int, verdict: Verdict
) -> None:
    end = TransactionComplete(Technology.CONTACT, outcome, extension=1)
    async with started(SALE, end) as (transaction, _):
        *_, last = await events_to_the_end(transaction)

        assert last == TransactionFinished(verdict, f"10{outcome:04X}01")


@pytest.mark.parametrize(
    ("notice", "event"),
    [
        (
            CardUpdate(Technology.CONTACTLESS, CardChange.COLLISION),
            MessageShown(DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED),
        ),
        (
            CardUpdate(Technology.SWIPE, CardChange.SWIPED),
            CardPresented(InputOption.SWIPE),
        ),
        (
            DisplayRequest(("12.34 USD", "Remove card.")),
            MessageShown(DisplayMessage.REMOVE_CARD),
        ),
        (
            DisplayRequest(("12.34 USD", "ENTER PIN")),
            CustomerActing(CustomerStep.ENTERING_PIN),
        ),
        (
            DisplayRequest(("Incorrect PIN",)),
            CustomerActing(CustomerStep.ENTERING_PIN),
        ),
    ],
)
@in_virtual_time
async def test_cashier_is_told_what_the_customer_is(
    notice: Notice, event: TransactionEvent
) -> None:
    async with started(SALE, notice, CANCELED) as (transaction, _):
        assert event in await events_to_the_end(transaction)


@pytest.mark.parametrize(
    "notice",
    [
        CardUpdate(Technology.BARCODE, CardChange.SWIPED),
        DisplayRequest(("GOOD MORNING",)),
        Unrecognised(Notification(0x0101, 0x10777777)),
        DeviceUpdate(DeviceState.BATTERY_LOW),
        BATCH,
    ],
)
@in_virtual_time
async def test_what_means_nothing_to_a_cashier_is_no_event(notice: Notice) -> None:
    async with started(SALE, notice, CANCELED) as (transaction, _):
        assert len(await events_to_the_end(transaction)) == 2


@in_virtual_time
async def test_repeated_card_read_is_requested_online_once() -> None:
    read = arqc_of(Technology.CONTACT)
    async with started(SALE, read, read, APPROVED) as (transaction, _):
        events = await events_to_the_end(transaction)

        assert sum(isinstance(event, OnlineRequested) for event in events) == 1


@in_virtual_time
async def test_tap_that_does_not_wait_for_the_issuer_takes_no_answer() -> None:
    async with started(SALE, arqc_of(Technology.CONTACTLESS)) as (transaction, device):
        await until_online(transaction)

        await while_answering(
            transaction.complete_online(APPROVAL),
            device.answer_next(
                ResumeTransaction, refused(StatusDetail.WRONG_TRANSACTION_STATE)
            ),
        )

        await device.tell(TransactionComplete(Technology.CONTACTLESS, Outcome.APPROVED))
        assert isinstance(await next_event(transaction), TransactionFinished)


@in_virtual_time
async def test_tap_that_is_over_is_sent_no_answer() -> None:
    end = TransactionComplete(Technology.CONTACTLESS, Outcome.APPROVED)
    read = arqc_of(Technology.CONTACTLESS)
    async with started(SALE, read, end) as (transaction, _):
        await until_online(transaction)

        await transaction.complete_online(APPROVAL)

        assert isinstance(await next_event(transaction), TransactionFinished)


@in_virtual_time
async def test_quick_chip_is_sent_no_answer() -> None:
    async with started(QUICK_SALE, arqc_of(Technology.CONTACT)) as (
        transaction,
        device,
    ):
        await until_online(transaction)

        await transaction.complete_online(APPROVAL)

        await device.tell(TransactionComplete(Technology.CONTACT, Outcome.DEFERRED))
        assert isinstance(await next_event(transaction), TransactionFinished)


@in_virtual_time
async def test_chip_that_refuses_the_answer_is_reported() -> None:
    async with started(SALE, arqc_of(Technology.CONTACT)) as (transaction, device):
        await until_online(transaction)

        with pytest.raises(ReaderRefused, match="8002030D"):
            await while_answering(
                transaction.complete_online(APPROVAL),
                device.answer_next(
                    ResumeTransaction, refused(StatusDetail.WRONG_TRANSACTION_STATE)
                ),
            )
        await device.tell(DECLINED)
        await events_to_the_end(transaction)


@in_virtual_time
async def test_answer_without_a_waiting_card_is_the_callers_fault() -> None:
    async with started() as (transaction, device):
        with pytest.raises(LocalError):
            await transaction.complete_online(APPROVAL)

        await device.tell(arqc_of(Technology.CONTACT))
        await until_online(transaction)
        with pytest.raises(LocalError, match="response code"):
            await transaction.complete_online(IssuerAnswer("approved"))
        await while_answering(
            transaction.complete_online(APPROVAL),
            device.answer_next(ResumeTransaction, DONE),
        )
        with pytest.raises(LocalError):
            await transaction.complete_online(APPROVAL)
        await device.tell(DECLINED)
        await events_to_the_end(transaction)


@in_virtual_time
async def test_card_data_in_the_clear_are_never_an_event() -> None:
    clear = CardData(
        Technology.SWIPE, DataKind.ARQC, bytes.fromhex("000BF909FA0770055703476173")
    )
    async with started(SALE, clear, DECLINED) as (transaction, _):
        assert isinstance(await next_event(transaction), CardRequested)
        with pytest.raises(ReaderEncryptionOff):
            await next_event(transaction)


@in_virtual_time
async def test_broken_card_data_are_reported() -> None:
    broken = CardData(Technology.CONTACT, DataKind.ARQC, b"\x00\x09\xf9")
    async with started(SALE, broken, DECLINED) as (transaction, _):
        await next_event(transaction)
        with pytest.raises(FrameError):
            await next_event(transaction)


@in_virtual_time
async def test_card_seen_before_the_answer_to_the_start_counts() -> None:
    async with opened_reader() as (reader, device), AsyncExitStack() as stack:
        entering = asyncio.create_task(
            stack.enter_async_context(reader.transaction(SALE))
        )
        asked = await device.next_request()
        await device.tell(TransactionComplete(0, Outcome.TIMED_OUT), INSERTED)
        await device.answer(asked, STARTED)
        transaction = await entering

        assert await next_event(transaction) == CardRequested(SALE.options)
        assert await next_event(transaction) == CardPresented(InputOption.INSERT)
        await device.tell(CANCELED)
        await events_to_the_end(transaction)


@in_virtual_time
async def test_nothing_follows_the_end() -> None:
    async with started(SALE, APPROVED, REMOVED, DECLINED) as (transaction, _):
        *_, last = await events_to_the_end(transaction)

        assert last == TransactionFinished(Verdict.APPROVED, "10020600")
        assert await events_to_the_end(transaction) == []
