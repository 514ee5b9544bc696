"""How a payment's entries reach the disk: what waits for what, and what shares a write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from flow_disk import FlowJournal, open_flow_journal
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    requested,
)
from skipping_loop import LoopClock

from agent.errors import JournalUnavailable
from agent.events import EventBus
from agent.payments.record import NOTED_WITHIN_S, PaymentRecord
from agent.payments.states import Phase


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FlowJournal]:
    journal = open_flow_journal(tmp_path / "journal.db", clock=LoopClock())
    yield journal
    await journal.aclose()


@pytest.fixture
async def record(journal: FlowJournal) -> PaymentRecord:
    """A payment whose confirm is on its way."""
    record = PaymentRecord.begin(
        requested(), journal=journal, events=EventBus(), answer=None
    )
    await record.add(CARD_COLLECTED, CONFIRM_STARTED)
    return record


async def test_an_outcome_shares_the_write_of_an_end_that_comes_at_once(
    record: PaymentRecord, journal: FlowJournal
) -> None:
    record.note(CONFIRMED)
    assert record.payment.phase is Phase.CONFIRMED
    assert journal.kinds()[-1] == "confirm_started"

    await asyncio.sleep(NOTED_WITHIN_S / 2)
    await record.end(FINISHED)

    outcome, end = journal.read()[-2:]
    assert (outcome.entry, end.entry) == (CONFIRMED, FINISHED)
    assert outcome.at == end.at


async def test_an_outcome_does_not_wait_for_a_slow_card(
    record: PaymentRecord, journal: FlowJournal
) -> None:
    record.note(CONFIRMED)
    await asyncio.sleep(NOTED_WITHIN_S)
    await record.durable()

    assert journal.kinds()[-1] == "confirmed"
    await record.end(FINISHED)
    assert journal.kinds()[-2:] == ["confirmed", "action_finished"]


async def test_no_end_is_written_after_an_outcome_that_could_not_be(
    record: PaymentRecord, journal: FlowJournal
) -> None:
    journal.fills_up_at = "confirmed"
    record.note(CONFIRMED)
    await asyncio.sleep(NOTED_WITHIN_S)

    with pytest.raises(JournalUnavailable):
        await record.end(FINISHED)

    assert journal.kinds()[-1] == "confirm_started"
    assert record.payment.phase is Phase.CONFIRMED


async def test_what_was_only_noted_is_forgotten_by_a_reload(
    record: PaymentRecord, journal: FlowJournal
) -> None:
    record.note(CONFIRMED)

    assert await record.reload()

    await asyncio.sleep(NOTED_WITHIN_S)
    assert record.payment.phase is Phase.CONFIRMING
    assert journal.kinds()[-1] == "confirm_started"


async def test_a_reload_waits_for_what_is_being_written(
    record: PaymentRecord, journal: FlowJournal
) -> None:
    journal.sleeps_at = "confirmed"
    record.note(CONFIRMED)
    await journal.asleep.wait()
    reloading = asyncio.create_task(record.reload())
    await asyncio.sleep(1)
    journal.wake.set()

    assert await reloading
    assert record.payment.phase is Phase.CONFIRMED


async def test_a_reload_goes_back_to_what_could_be_written(
    record: PaymentRecord, journal: FlowJournal
) -> None:
    journal.fills_up_at = "confirmed"
    record.note(CONFIRMED)
    await journal.fell_full.wait()

    assert await record.reload()
    assert record.payment.phase is Phase.CONFIRMING
