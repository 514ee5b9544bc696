"""Card reads on a MagTek reader that do not begin or end as planned."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from mms_pipe import (
    arqc_of,
    opened_reader,
)
from mms_transactions import (
    APPROVAL,
    APPROVED,
    BUSY,
    CANCELED,
    DECLINED,
    INSERTED,
    NOTHING_RUNS,
    SALE,
    TOO_LATE,
    start_and_leave,
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
    Disconnected,
    LocalError,
    ReaderRefused,
    ReaderTimeout,
)
from drivers.families.magtek_mms.translation import finished
from drivers.protocol.magtek_mms.card_data import decode_arpc
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ResetDevice,
    ResumeTransaction,
)
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.notifications import (
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import (
    DONE,
    STARTED,
    Status,
    StatusDetail,
    refused,
)
from drivers.reader import (
    CardRequested,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)


@in_virtual_time
async def test_refused_start_says_why_and_leaves_the_reader_idle() -> None:
    async with opened_reader() as (reader, device):
        refusing = asyncio.create_task(
            device.answer_next(StartTransaction, refused(StatusDetail.LOW_BATTERY))
        )

        with pytest.raises(ReaderRefused, match="80020316"):
            async with reader.transaction(SALE):
                pytest.fail("a refused transaction began")
        await refusing


@in_virtual_time
async def test_forgotten_transaction_is_canceled_and_the_start_repeated() -> None:
    async with opened_reader() as (reader, device), AsyncExitStack() as stack:
        entering = asyncio.create_task(
            stack.enter_async_context(reader.transaction(SALE))
        )
        busy = await device.next_request()
        await device.tell(arqc_of(Technology.CONTACT))
        await device.answer(busy, BUSY)
        await device.answer_next(CancelTransaction, DONE, CANCELED)
        await device.answer_next(StartTransaction, STARTED, APPROVED)
        transaction = await entering

        assert await events_to_the_end(transaction) == [
            CardRequested(SALE.options),
            TransactionFinished(Verdict.APPROVED, "10020600"),
        ]


@in_virtual_time
async def test_start_is_repeated_only_once() -> None:
    async with opened_reader() as (reader, device), AsyncExitStack() as stack:
        entering = asyncio.create_task(
            stack.enter_async_context(reader.transaction(SALE))
        )
        await device.answer_next(StartTransaction, BUSY)
        await device.answer_next(CancelTransaction, NOTHING_RUNS)
        await device.answer_next(StartTransaction, BUSY)

        with pytest.raises(ReaderRefused, match="80020308"):
            await entering


@in_virtual_time
async def test_start_without_an_answer_is_undone() -> None:
    async with opened_reader() as (reader, device), AsyncExitStack() as stack:
        entering = asyncio.create_task(
            stack.enter_async_context(reader.transaction(SALE))
        )
        await device.next_request()
        await device.answer_next(CancelTransaction, DONE, CANCELED)

        with pytest.raises(ReaderTimeout):
            await entering


@in_virtual_time
async def test_second_transaction_at_once_is_the_callers_fault() -> None:
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(
            device.answer_next(StartTransaction, STARTED, CANCELED)
        )
        async with reader.transaction(SALE) as transaction:
            await answering
            with pytest.raises(LocalError, match="open"):
                async with reader.transaction(SALE):
                    pytest.fail("two transactions at once")
            await events_to_the_end(transaction)


@pytest.mark.parametrize(
    "request_",
    [
        replace(SALE, timeout_s=0),
        replace(SALE, timeout_s=256),
        replace(SALE, options=frozenset()),
        replace(SALE, currency="xxx"),
        replace(SALE, amount=10**12),
    ],
)
@in_virtual_time
async def test_impossible_transaction_never_reaches_the_reader(
    request_: TransactionRequest,
) -> None:
    async with opened_reader() as (reader, _):
        with pytest.raises(LocalError):
            async with reader.transaction(request_):
                pytest.fail("an impossible transaction began")


@in_virtual_time
async def test_canceled_transaction_still_ends_by_an_event() -> None:
    async with started() as (transaction, device):
        await while_answering(
            transaction.cancel(),
            device.answer_next(CancelTransaction, DONE, CANCELED),
        )

        *_, last = await events_to_the_end(transaction)

        assert last == TransactionFinished(Verdict.CANCELED_BY_HOST, "00030100")


@in_virtual_time
async def test_cancel_that_comes_too_late_is_refused() -> None:
    async with started(SALE, INSERTED) as (transaction, device):
        with pytest.raises(ReaderRefused, match="80020305"):
            await while_answering(
                transaction.cancel(), device.answer_next(CancelTransaction, TOO_LATE)
            )
        await device.tell(DECLINED)
        await events_to_the_end(transaction)


@in_virtual_time
async def test_cancel_after_the_end_asks_nobody() -> None:
    async with started(SALE, APPROVED) as (transaction, _):
        await events_to_the_end(transaction)

        await transaction.cancel()


@in_virtual_time
async def test_unheard_end_of_a_canceled_read_is_a_cancelation() -> None:
    async with started() as (transaction, device):
        await while_answering(
            transaction.cancel(), device.answer_next(CancelTransaction, NOTHING_RUNS)
        )

        *_, last = await events_to_the_end(transaction)

        assert last == TransactionFinished(Verdict.CANCELED_BY_HOST, "no_transaction")


@in_virtual_time
async def test_unheard_end_after_the_issuers_answer_is_a_failure() -> None:
    async with started(SALE, arqc_of(Technology.CONTACT)) as (transaction, device):
        await until_online(transaction)
        await while_answering(
            transaction.complete_online(APPROVAL),
            device.answer_next(ResumeTransaction, DONE),
        )
        await while_answering(
            transaction.cancel(), device.answer_next(CancelTransaction, NOTHING_RUNS)
        )

        assert await next_event(transaction) == TransactionFinished(
            Verdict.FAILED, "no_transaction"
        )


@in_virtual_time
async def test_leaving_early_cancels_and_waits_until_the_reader_is_idle() -> None:
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))
        leaving = asyncio.create_task(start_and_leave(reader.transaction(SALE)))
        await answering
        await device.answer_next(CancelTransaction, DONE)
        await asyncio.sleep(1)
        assert not leaving.done()

        await device.tell(CANCELED)

        await leaving


@in_virtual_time
async def test_leaving_while_the_issuer_is_awaited_declines() -> None:
    read = arqc_of(Technology.CONTACT)
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))
        leaving = asyncio.create_task(start_and_leave(reader.transaction(SALE)))
        await answering
        await device.answer_next(CancelTransaction, TOO_LATE, read)
        resumed = await device.answer_next(ResumeTransaction, DONE, DECLINED)

        await leaving

        assert isinstance(resumed, ResumeTransaction)
        assert decode_arpc(resumed.arpc_blob).response_code == b"05"


@pytest.mark.parametrize("status", [DONE, TOO_LATE])
@in_virtual_time
async def test_reader_that_will_not_stop_is_reset(status: Status) -> None:
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))
        leaving = asyncio.create_task(start_and_leave(reader.transaction(SALE)))
        await answering
        await device.answer_next(CancelTransaction, status)
        await device.answer_next(ResetDevice, DONE)

        await leaving


@in_virtual_time
async def test_reader_that_hears_nothing_does_not_hold_up_the_caller() -> None:
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))

        await start_and_leave(reader.transaction(SALE))

        await answering


@in_virtual_time
async def test_lost_wire_does_not_hide_why_the_caller_left() -> None:
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))

        async def fail_inside() -> None:
            async with reader.transaction(SALE):
                await answering
                await device.pipe.aclose()
                raise KeyError

        with pytest.raises(KeyError):
            await fail_inside()


@in_virtual_time
async def test_restarting_reader_fails_the_transaction() -> None:
    restarted = DeviceUpdate(DeviceState.RESTARTED)
    async with started(SALE, restarted) as (transaction, _):
        *_, last = await events_to_the_end(transaction)

        assert last == TransactionFinished(Verdict.FAILED, "restarted")


@in_virtual_time
async def test_lost_wire_is_reported_to_every_question() -> None:
    async with started() as (transaction, device):
        await next_event(transaction)

        await device.pipe.aclose()

        for _ in range(2):
            with pytest.raises(Disconnected):
                await next_event(transaction)


@in_virtual_time
async def test_silence_beyond_the_cardholders_time_is_a_timeout() -> None:
    async with started() as (transaction, device):
        await next_event(transaction)
        before_s = asyncio.get_running_loop().time()

        with pytest.raises(ReaderTimeout, match="120 s"):
            await next_event(transaction)

        assert asyncio.get_running_loop().time() - before_s == 120
        await device.tell(CANCELED)


@in_virtual_time
async def test_canceling_the_reader_ends_its_transaction_too() -> None:
    async with opened_reader() as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))
        async with reader.transaction(SALE) as transaction:
            await answering
            await while_answering(
                reader.cancel(), device.answer_next(CancelTransaction, NOTHING_RUNS)
            )

            *_, last = await events_to_the_end(transaction)

            assert last == TransactionFinished(
                Verdict.CANCELED_BY_HOST, "no_transaction"
            )


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.TRY_ANOTHER_INTERFACE, Verdict.CARD_NOT_READ),
        (Outcome.NO_EMV_CARD, Verdict.CARD_NOT_READ),
        (Outcome.NOT_ACCEPTED, Verdict.DECLINED),
        (Outcome.CANCELED_BY_CARD, Verdict.DECLINED),
        (Outcome.FAILED, Verdict.FAILED),
        (0x7777, Verdict.FAILED),
    ],
)
def test_a_card_that_is_not_taken_is_no_fault_of_the_reader(
    outcome: int, verdict: Verdict
) -> None:
    ended = finished(TransactionComplete(Technology.CONTACTLESS, outcome))

    assert ended.verdict is verdict
