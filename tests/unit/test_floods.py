"""A reader that tells without end while nobody listens: bounded, and its end is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mms_pipe import arqc_of
from mms_transactions import (
    APPROVAL,
    APPROVED,
    INSERTED,
    QUICK_SALE,
    SALE,
    TAPPED,
)
from mms_transactions import started as started_on_magtek
from neo_transactions import (
    CHIP_APPROVED,
    ONLINE,
    STARTED,
)
from neo_transactions import QUICK_SALE as NEO_QUICK_SALE
from neo_transactions import (
    TAPPED as NEO_TAPPED,
)
from neo_transactions import started as started_on_neo
from transaction_events import events_to_the_end, until_online
from virtual_time import in_virtual_time

from drivers.features import Point, Signature
from drivers.inbox import MOST_NEWS
from drivers.protocol.idtech_neo.activate import ApplyHostResponse, AuthenticateContact
from drivers.protocol.idtech_neo.display import DisplayMode, DisplayText, Line
from drivers.protocol.idtech_neo.events import DisplayRequested
from drivers.protocol.magtek_mms.card_data import Batch, encode_batch
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.interface_notices import SelectionRequest
from drivers.protocol.magtek_mms.notifications import CardData, DataKind, Technology
from drivers.protocol.magtek_mms.status import DONE
from drivers.reader import (
    SignatureCaptured,
    TransactionEvent,
    TransactionFinished,
    Verdict,
)

FLOOD = 20 * MOST_NEWS
PLEASE_WAIT = DisplayRequested(DisplayText(DisplayMode.TEXT, (Line(1, "PLEASE WAIT"),)))


def verdict_of(events: list[TransactionEvent]) -> Verdict:
    """How the transaction ended."""
    last = events[-1]
    assert isinstance(last, TransactionFinished)
    return last.verdict


@in_virtual_time
async def test_a_flood_while_the_issuer_is_asked_is_bounded() -> None:
    async with started_on_magtek() as (transaction, device):
        await device.tell(arqc_of(Technology.CONTACT))
        await until_online(transaction)
        for _ in range(FLOOD):
            await device.tell(INSERTED)
        resuming = asyncio.create_task(device.answer_next(ResumeTransaction, DONE))
        await transaction.complete_online(APPROVAL)
        await resuming
        await device.tell(APPROVED)

        events = await events_to_the_end(transaction)

    assert len(events) == MOST_NEWS + 1
    assert verdict_of(events) is Verdict.APPROVED


@in_virtual_time
async def test_a_flood_before_a_start_is_answered_is_bounded() -> None:
    async with started_on_magtek(SALE, *[INSERTED] * FLOOD) as (transaction, device):
        await device.tell(arqc_of(Technology.CONTACT))

        await until_online(transaction)
        resuming = asyncio.create_task(device.answer_next(ResumeTransaction, DONE))
        await transaction.complete_online(APPROVAL)
        await resuming
        await device.tell(APPROVED)
        events = await events_to_the_end(transaction)

    assert verdict_of(events) is Verdict.APPROVED


@in_virtual_time
async def test_a_question_repeated_without_end_is_answered_some_times() -> None:
    async with started_on_magtek(QUICK_SALE) as (transaction, device):
        question = SelectionRequest(0, ("VISA", "DEBIT"))
        await device.tell(TAPPED, arqc_of(Technology.CONTACTLESS))
        await until_online(transaction)
        await device.tell(*[question] * FLOOD, APPROVED)
        answered = 0

        async def answer() -> None:
            nonlocal answered
            while True:
                asked = await device.next_request()
                answered += 1
                await device.answer(asked, DONE)

        answering = asyncio.create_task(answer())
        events = await events_to_the_end(transaction)
        answering.cancel()

    assert 0 < answered <= MOST_NEWS
    assert verdict_of(events) is Verdict.APPROVED


@in_virtual_time
async def test_a_record_sent_again_and_again_is_one_signature() -> None:
    drawn = Signature(((Point(1, 1), Point(2, 2)),), width=320, height=240)
    batch = Batch(status=0, encrypted=None, signature=drawn)
    record = CardData(Technology.CONTACT, DataKind.BATCH, encode_batch(batch))
    sale = replace(QUICK_SALE, asks_signature=True)
    model = "magtek_dynaflex"
    async with started_on_magtek(sale, model=model) as (transaction, device):
        await device.tell(arqc_of(Technology.CONTACT))
        await until_online(transaction)
        await device.tell(*[record] * FLOOD, *[APPROVED] * FLOOD)

        events = await events_to_the_end(transaction)

    assert [type(event) for event in events] == [SignatureCaptured, TransactionFinished]
    assert verdict_of(events) is Verdict.APPROVED


@in_virtual_time
async def test_texts_without_end_hide_no_card() -> None:
    async with started_on_neo() as (transaction, scripted):
        await scripted.tell(*[PLEASE_WAIT] * FLOOD)
        await scripted.send(NEO_TAPPED)

        card = await until_online(transaction)

    assert card.ciphertext


@in_virtual_time
async def test_a_flood_while_a_quick_chip_is_done_is_bounded() -> None:
    async with started_on_neo(NEO_QUICK_SALE) as (transaction, scripted):
        await scripted.send(STARTED)
        await scripted.expect(AuthenticateContact)
        await scripted.send(ONLINE)
        await until_online(transaction)
        await scripted.expect(ApplyHostResponse)
        for _ in range(FLOOD):
            await scripted.tell(PLEASE_WAIT)
        await scripted.send(CHIP_APPROVED)

        events = await events_to_the_end(transaction)

    assert len(events) <= MOST_NEWS + 1
    assert verdict_of(events) is Verdict.DEFERRED
