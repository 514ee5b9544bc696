"""Card reads on an ID TECH reader that somebody stops."""

from __future__ import annotations

import asyncio

import pytest
from neo_pipe import answer_to, opened_reader
from neo_transactions import (
    APPROVAL,
    CANCELED,
    CHIP_DECLINED,
    COLLISION,
    SALE,
    STARTED,
    TAPPED,
    TIMED_OUT,
    chip_waits_for_issuer,
    started,
    transaction_on,
)
from transaction_events import (
    events_to_the_end,
    next_event,
    until_online,
    while_answering,
)
from virtual_time import in_virtual_time

from drivers.errors import (
    ReaderRefused,
)
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    CancelTransaction,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.reader import (
    TransactionFinished,
    Verdict,
)


@pytest.mark.parametrize("cancel_first", [True, False])
@in_virtual_time
async def test_cancel_is_answered_before_or_after_the_read(
    *, cancel_first: bool
) -> None:
    ended = answer_to(ActivateTransaction, status=StatusCode.FAILED)
    order = [CANCELED, ended] if cancel_first else [ended, CANCELED]
    async with started() as (transaction, scripted):
        canceling = asyncio.create_task(transaction.cancel())
        await scripted.expect(CancelTransaction)
        await scripted.send(*order)
        await canceling

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.CANCELED_BY_HOST, "0A")


@in_virtual_time
async def test_canceled_read_that_never_tells_of_its_end_has_ended() -> None:
    async with started() as (transaction, scripted):
        await next_event(transaction)
        await while_answering(
            transaction.cancel(), scripted.answer_next(CancelTransaction)
        )

        assert await next_event(transaction) == TransactionFinished(
            Verdict.CANCELED_BY_HOST, "silent"
        )


@in_virtual_time
async def test_card_that_came_with_the_cancel_is_still_told() -> None:
    async with started() as (transaction, scripted):
        canceling = asyncio.create_task(transaction.cancel())
        await scripted.expect(CancelTransaction)
        await scripted.send(TAPPED, CANCELED)
        await canceling

        await until_online(transaction)


@in_virtual_time
async def test_cancel_between_two_tries_ends_the_read() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(COLLISION)
        await scripted.expect(ActivateTransaction)
        await while_answering(
            transaction.cancel(), scripted.answer_next(CancelTransaction)
        )
        await scripted.send(COLLISION)

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.CANCELED_BY_HOST, "0A21")


@in_virtual_time
async def test_refused_cancel_is_told_and_the_read_goes_on() -> None:
    async with started() as (transaction, scripted):
        with pytest.raises(ReaderRefused, match="0B"):
            await while_answering(
                transaction.cancel(),
                scripted.answer_next(CancelTransaction, status=0x0B),
            )
        await scripted.send(TIMED_OUT)

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.TIMED_OUT, "08")


@in_virtual_time
async def test_cancel_is_too_late_once_the_card_is_read() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(TAPPED)
        await until_online(transaction)

        with pytest.raises(ReaderRefused):
            await transaction.cancel()
        await transaction.complete_online(APPROVAL)
        await events_to_the_end(transaction)
        await transaction.cancel()


@in_virtual_time
async def test_leaving_early_cancels_and_waits_for_the_end() -> None:
    async with opened_reader() as (reader, scripted):
        begun = asyncio.Event()

        async def start_and_leave() -> None:
            async with transaction_on(reader, scripted, SALE):
                await scripted.expect(ActivateTransaction)
                begun.set()

        leaving = asyncio.create_task(start_and_leave())
        await begun.wait()
        await scripted.answer_next(CancelTransaction)
        await asyncio.sleep(0.5)
        assert not leaving.done()

        await scripted.send(TIMED_OUT)

        await leaving


@in_virtual_time
async def test_leaving_while_the_issuer_is_awaited_declines() -> None:
    async with opened_reader() as (reader, scripted):
        waits = asyncio.Event()

        async def read_and_leave() -> None:
            async with transaction_on(reader, scripted, SALE) as transaction:
                await scripted.expect(ActivateTransaction)
                await chip_waits_for_issuer(transaction, scripted)
                waits.set()

        leaving = asyncio.create_task(read_and_leave())
        await waits.wait()
        declined = await scripted.expect(ApplyHostResponse)
        await scripted.send(CHIP_DECLINED)
        await leaving

    assert declined.objects[0].value == b"05"


@in_virtual_time
async def test_leaving_between_application_and_cryptogram_frees_the_chip() -> None:
    async with opened_reader() as (reader, scripted):
        inserted = asyncio.Event()

        async def start_and_leave() -> None:
            async with transaction_on(reader, scripted, SALE):
                await scripted.expect(ActivateTransaction)
                await scripted.send(STARTED)
                await scripted.expect(AuthenticateContact)
                inserted.set()

        leaving = asyncio.create_task(start_and_leave())
        await inserted.wait()
        await scripted.answer_next(CancelTransaction)
        await scripted.answer_next(CancelTransaction)

        await leaving


@in_virtual_time
async def test_reader_that_hears_nothing_does_not_hold_up_the_caller() -> None:
    async with opened_reader() as (reader, scripted):
        async with transaction_on(reader, scripted, SALE):
            await scripted.expect(ActivateTransaction)

        assert asyncio.get_running_loop().time() < 10


@in_virtual_time
async def test_issuer_that_never_answers_does_not_keep_the_chip() -> None:
    async with started() as (transaction, scripted):
        await chip_waits_for_issuer(transaction, scripted)
        given_up = await scripted.expect(ApplyHostResponse)
        await scripted.send(CHIP_DECLINED)
        await events_to_the_end(transaction)

    assert given_up.objects[0].value == b"Z3"
    assert asyncio.get_running_loop().time() >= 170


@in_virtual_time
async def test_canceling_the_reader_ends_its_transaction_too() -> None:
    async with (
        opened_reader() as (reader, scripted),
        transaction_on(reader, scripted, SALE) as transaction,
    ):
        await scripted.expect(ActivateTransaction)
        canceling = asyncio.create_task(reader.cancel())
        await scripted.answer_next(CancelTransaction)
        await scripted.send(TIMED_OUT)
        await canceling

        *_, last = await events_to_the_end(transaction)

    assert isinstance(last, TransactionFinished)
