"""What ID TECH readers are not asked, because it cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from neo_pipe import VP6800, opened_reader
from neo_transactions import APPROVAL, SALE, TAPPED, TIMED_OUT, started, transaction_on
from transaction_events import events_to_the_end, next_event, until_online
from virtual_time import in_virtual_time

from drivers.errors import (
    FeatureUnsupported,
    LocalError,
)
from drivers.profile import profile_named
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    Interface,
)
from drivers.reader import (
    CardRequested,
    InputOption,
    IssuerAnswer,
    TipChoices,
    TransactionRequest,
)


@pytest.mark.parametrize(
    "answer", [IssuerAnswer("0"), IssuerAnswer("000"), IssuerAnswer("")]
)
@in_virtual_time
async def test_impossible_issuers_answer_is_the_callers_fault(
    answer: IssuerAnswer,
) -> None:
    async with started() as (transaction, scripted):
        await scripted.send(TAPPED)
        await until_online(transaction)

        with pytest.raises(LocalError):
            await transaction.complete_online(answer)
        await transaction.complete_online(APPROVAL)
        with pytest.raises(LocalError):
            await transaction.complete_online(APPROVAL)


@in_virtual_time
async def test_issuers_answer_that_no_card_awaits_is_the_callers_fault() -> None:
    async with started() as (transaction, scripted):
        with pytest.raises(LocalError):
            await transaction.complete_online(APPROVAL)
        await scripted.send(TIMED_OUT)
        await events_to_the_end(transaction)

        with pytest.raises(LocalError):
            await transaction.complete_online(APPROVAL)


@in_virtual_time
async def test_second_transaction_at_once_is_the_callers_fault() -> None:
    async with (
        opened_reader() as (reader, scripted),
        transaction_on(reader, scripted, SALE) as transaction,
    ):
        await scripted.expect(ActivateTransaction)
        with pytest.raises(LocalError, match="open"):
            async with reader.transaction(SALE):
                pytest.fail("two transactions at once")
        await scripted.send(TIMED_OUT)
        await events_to_the_end(transaction)


@pytest.mark.parametrize(
    "request_",
    [
        replace(SALE, timeout_s=0),
        replace(SALE, timeout_s=256),
        replace(SALE, options=frozenset()),
        replace(SALE, options=frozenset({InputOption.MANUAL, InputOption.TAP})),
        replace(SALE, currency="xxx"),
        replace(SALE, amount=10**12),
    ],
)
@in_virtual_time
async def test_impossible_transaction_never_reaches_the_reader(
    request_: TransactionRequest,
) -> None:
    async with opened_reader(VP6800) as (reader, _):
        with pytest.raises(LocalError):
            async with reader.transaction(request_):
                pytest.fail("an impossible transaction began")


@pytest.mark.parametrize(
    "request_",
    [
        replace(SALE, options=frozenset({InputOption.MANUAL})),
        replace(SALE, tip=TipChoices(percents=(10,))),
        replace(SALE, tax=100),
        replace(SALE, asks_signature=True),
    ],
)
@in_virtual_time
async def test_what_the_model_lacks_is_refused(request_: TransactionRequest) -> None:
    async with opened_reader() as (reader, _):
        with pytest.raises(FeatureUnsupported):
            async with reader.transaction(request_):
                pytest.fail("a transaction began that the reader cannot do")


@in_virtual_time
async def test_of_the_ways_that_are_asked_for_the_reader_takes_those_it_has() -> None:
    kiosk = profile_named("idtech_kiosk_iii")
    async with (
        opened_reader(kiosk) as (reader, scripted),
        transaction_on(reader, scripted, SALE) as transaction,
    ):
        activated = await scripted.expect(ActivateTransaction)
        requested = await next_event(transaction)
        await scripted.send(TIMED_OUT)
        await events_to_the_end(transaction)

    assert requested == CardRequested(frozenset({InputOption.TAP}))
    assert activated.interfaces == Interface.CONTACTLESS
    assert activated.fallback is None


@in_virtual_time
async def test_without_an_amount_no_tap_is_asked_for() -> None:
    setup = replace(SALE, amount=0)
    async with (
        opened_reader() as (reader, scripted),
        transaction_on(reader, scripted, setup) as transaction,
    ):
        asked = await scripted.expect(ActivateTransaction)
        await scripted.send(TIMED_OUT)
        events = await events_to_the_end(transaction)

    assert asked.interfaces == Interface.CONTACT | Interface.MSR
    assert events[0] == CardRequested(
        frozenset({InputOption.INSERT, InputOption.SWIPE})
    )


@in_virtual_time
async def test_a_reader_of_taps_alone_takes_no_card_without_an_amount() -> None:
    taps = replace(SALE, amount=0, options=frozenset({InputOption.TAP}))
    async with opened_reader() as (reader, _):
        with pytest.raises(FeatureUnsupported):
            async with reader.transaction(taps):
                pytest.fail("a tap for no amount")
