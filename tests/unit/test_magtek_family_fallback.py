"""Chips that cannot be read on a MagTek reader that leaves the rest to its host."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from mms_pipe import arqc_of
from mms_transactions import (
    APPROVED,
    BUSY,
    CANCELED,
    INSERTED,
    NOTHING_RUNS,
    SALE,
    started,
)
from transaction_events import events_to_the_end
from virtual_time import in_virtual_time

from drivers.families.magtek_mms.fallback import MOST_CHIP_READS, Retry, retry_after
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardUpdate,
    Outcome,
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import STARTED, StatusDetail, refused
from drivers.reader import (
    CardRequested,
    DisplayMessage,
    InputOption,
    MessageShown,
    OnlineRequested,
    ReadMethod,
    TransactionFinished,
    Verdict,
)

UNREADABLE = TransactionComplete(
    Technology.CONTACT,
    Outcome.UNDECIDED,
    OutcomeExtension.TECHNICAL_FALLBACK,
)
UNUSABLE = TransactionComplete(
    Technology.CONTACT, Outcome.NOT_ACCEPTED, OutcomeExtension.STRIPE_FALLBACK
)
SWIPED = CardUpdate(Technology.SWIPE, CardChange.SWIPED)
INSERT, SWIPE, TAP = InputOption.INSERT, InputOption.SWIPE, InputOption.TAP


@pytest.mark.parametrize(
    ("complete", "options", "chip_reads", "retry"),
    [
        (
            UNREADABLE,
            {INSERT, SWIPE, TAP},
            1,
            Retry(frozenset({INSERT, TAP}), DisplayMessage.RETRY_CARD, False),
        ),
        (
            UNREADABLE,
            {INSERT, SWIPE, TAP},
            MOST_CHIP_READS,
            Retry(frozenset({SWIPE, TAP}), DisplayMessage.SWIPE_CARD, True),
        ),
        (UNREADABLE, {INSERT, TAP}, MOST_CHIP_READS, None),
        (
            UNUSABLE,
            {INSERT, SWIPE},
            1,
            Retry(frozenset({SWIPE}), DisplayMessage.SWIPE_CARD, True),
        ),
        (UNUSABLE, {INSERT}, 1, None),
        (APPROVED, {INSERT, SWIPE}, 1, None),
        (replace(UNREADABLE, technology=Technology.SWIPE), {SWIPE}, 1, None),
    ],
)
def test_chip_is_tried_again_and_the_stripe_at_last(
    complete: TransactionComplete,
    options: set[InputOption],
    chip_reads: int,
    retry: Retry | None,
) -> None:
    found = retry_after(
        complete,
        options=frozenset(options),
        chip_reads=chip_reads,
        is_at_stripe=False,
    )

    assert found == retry


@in_virtual_time
async def test_stripe_after_a_chip_that_cannot_be_used_is_a_fallback() -> None:
    async with started(SALE, INSERTED, UNUSABLE) as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        again = await device.answer_next(
            StartTransaction, STARTED, SWIPED, arqc_of(Technology.SWIPE), CANCELED
        )
        events = await hearing

        assert isinstance(again, StartTransaction)
        assert again.swipe
        assert not again.insert
        assert (
            events[2:4]
            == [
                MessageShown(DisplayMessage.SWIPE_CARD),
                CardRequested(frozenset({SWIPE, TAP})),
            ]
            or CardRequested(frozenset({SWIPE, TAP})) in events
        )
        online = next(each for each in events if isinstance(each, OnlineRequested))
        assert online.card.read_method is ReadMethod.MAGNETIC_STRIPE_FALLBACK


@in_virtual_time
async def test_unreadable_chip_is_tried_three_times() -> None:
    async with started(SALE, UNREADABLE) as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        starts = [
            await device.answer_next(StartTransaction, STARTED, UNREADABLE)
            for _ in range(MOST_CHIP_READS)
        ]
        events = await hearing

        ways = [
            (start.insert, start.swipe)
            for start in starts
            if isinstance(start, StartTransaction)
        ]
        assert ways == [(True, False), (True, False), (False, True)]
        assert events[-1] == TransactionFinished(Verdict.CARD_NOT_READ, "10020002")


@in_virtual_time
async def test_reader_that_does_not_start_again_ends_with_the_first_reason() -> None:
    async with started(SALE, UNUSABLE) as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        await device.answer_next(StartTransaction, refused(StatusDetail.LOW_BATTERY))

        assert (await hearing)[-1] == TransactionFinished(
            Verdict.CARD_NOT_READ, "10020903"
        )


@in_virtual_time
async def test_transaction_canceled_between_two_tries_is_not_started_again() -> None:
    async with started(SALE, UNUSABLE) as (running, device):
        canceling = asyncio.create_task(running.cancel())
        await device.answer_next(CancelTransaction, NOTHING_RUNS)
        await canceling

        events = await events_to_the_end(running)

        assert events[-1] == TransactionFinished(
            Verdict.CANCELED_BY_HOST, "no_transaction"
        )


@in_virtual_time
async def test_reader_that_was_started_by_itself_meanwhile_is_stopped() -> None:
    async with started(SALE, UNUSABLE) as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        await device.answer_next(StartTransaction, BUSY)
        await device.answer_next(CancelTransaction, NOTHING_RUNS)
        await device.answer_next(StartTransaction, STARTED, CANCELED)

        assert (await hearing)[-1] == TransactionFinished(
            Verdict.CANCELED_BY_HOST, "00030100"
        )
