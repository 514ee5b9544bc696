"""Old events go, and nothing else: not the newest, not the order, nobody's time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_disk import FlowJournal, open_flow_journal
from skipping_loop import LoopClock

from agent.errors import JournalUnavailable
from agent.events import ReaderMoved
from agent.ids import ReaderId
from agent.outbox import retention
from agent.outbox.retention import forget_old, keep_forgetting
from agent.settings import EventSettings

HOUR_S = 3600.0


@pytest_asyncio.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FlowJournal]:
    journal = open_flow_journal(tmp_path / "journal.db", clock=LoopClock())
    yield journal
    await journal.aclose()


async def happen(journal: FlowJournal, number: int) -> None:
    events = [ReaderMoved(ReaderId("tmr_1"), f"serial:{n}") for n in range(number)]
    await journal.events.keep(*events)


async def test_events_of_an_age_go_and_younger_ones_stay(journal: FlowJournal) -> None:
    await happen(journal, 1500)
    await asyncio.sleep(2 * HOUR_S)
    await happen(journal, 1200)

    await forget_old(
        journal.events, clock=LoopClock(), settings=EventSettings(keep_s=HOUR_S)
    )

    assert (journal.events.oldest(), journal.events.head()) == (1501, 2700)


async def test_no_more_are_kept_than_the_setting_says(journal: FlowJournal) -> None:
    await happen(journal, 2700)

    await forget_old(
        journal.events, clock=LoopClock(), settings=EventSettings(keep_most=1100)
    )

    assert (journal.events.oldest(), journal.events.head()) == (1601, 2700)


async def test_a_wrong_clock_leaves_the_newest(journal: FlowJournal) -> None:
    await happen(journal, 1500)
    await asyncio.sleep(2 * HOUR_S)

    await forget_old(
        journal.events, clock=LoopClock(), settings=EventSettings(keep_s=HOUR_S)
    )
    await happen(journal, 1)

    assert (journal.events.oldest(), journal.events.head()) == (501, 1501)


async def test_many_go_a_few_at_a_time(journal: FlowJournal) -> None:
    await happen(journal, 2700)
    writes = journal.disk.writes

    await forget_old(
        journal.events, clock=LoopClock(), settings=EventSettings(keep_most=1000)
    )

    assert journal.disk.writes - writes == 1700 / retention.AT_ONCE


async def test_events_that_come_meanwhile_wait_for_the_next_time(
    journal: FlowJournal,
) -> None:
    await happen(journal, 1050)

    async def go_on_happening() -> None:
        while True:
            await happen(journal, 1)
            await asyncio.sleep(retention.PAUSE_S / 10)

    happening = asyncio.create_task(go_on_happening())
    await forget_old(
        journal.events, clock=LoopClock(), settings=EventSettings(keep_most=1000)
    )

    happening.cancel()
    assert 1000 <= journal.events.head() - journal.events.oldest() + 1 < 1100


async def test_a_full_disk_only_puts_it_off(journal: FlowJournal) -> None:
    await happen(journal, 1500)
    settings = EventSettings(keep_most=1000)
    journal.disk.is_full = True
    with pytest.raises(JournalUnavailable):
        await forget_old(journal.events, clock=LoopClock(), settings=settings)
    forgetting = asyncio.create_task(
        keep_forgetting(journal.events, clock=LoopClock(), settings=settings)
    )
    await asyncio.sleep(1.0)
    journal.free_disk()

    await asyncio.sleep(HOUR_S)

    forgetting.cancel()
    assert (journal.events.oldest(), journal.events.head()) == (501, 1500)
