"""A payment's record and the journal agree, also where a write takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

from flow_disk import FlowJournal, open_flow_journal
from journal_entries import CARD_COLLECTED, CONFIRM_STARTED, CONFIRMED, requested
from skipping_loop import LoopClock, SkippingLoop

from agent.events import EventBus
from agent.payments.record import PaymentRecord
from agent.payments.states import Phase


def on_a_skipping_loop(
    test: Callable[[Path], Coroutine[Any, Any, None]],
) -> Callable[[Path], None]:
    """Run the test without waiting for timers."""

    @wraps(test)
    def run(tmp_path: Path) -> None:
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            runner.run(test(tmp_path))

    return run


async def confirming(journal: FlowJournal) -> PaymentRecord:
    """A payment whose confirm is on its way."""
    record = PaymentRecord.begin(
        requested(), journal=journal, events=EventBus(), answer=None
    )
    await record.add(CARD_COLLECTED, CONFIRM_STARTED)
    return record


@on_a_skipping_loop
async def test_a_reload_waits_for_what_is_being_written(tmp_path: Path) -> None:
    journal = open_flow_journal(tmp_path / "journal.db", clock=LoopClock())
    record = await confirming(journal)
    journal.sleeps_at = "confirmed"
    record.note(CONFIRMED)
    await journal.asleep.wait()
    reloading = asyncio.create_task(record.reload())
    await asyncio.sleep(1)
    journal.wake.set()

    assert await reloading
    assert record.payment.phase is Phase.CONFIRMED
    await journal.aclose()


@on_a_skipping_loop
async def test_a_reload_goes_back_to_what_could_be_written(tmp_path: Path) -> None:
    journal = open_flow_journal(tmp_path / "journal.db", clock=LoopClock())
    record = await confirming(journal)
    journal.fills_up_at = "confirmed"
    record.note(CONFIRMED)
    await journal.fell_full.wait()

    assert await record.reload()
    assert record.payment.phase is Phase.CONFIRMING
    await journal.aclose()


@on_a_skipping_loop
async def test_what_was_noted_and_not_written_is_forgotten(tmp_path: Path) -> None:
    journal = open_flow_journal(tmp_path / "journal.db", clock=LoopClock())
    record = await confirming(journal)
    record.note(CONFIRMED)

    assert await record.reload()
    await asyncio.sleep(60)
    assert record.payment.phase is Phase.CONFIRMING
    assert "confirmed" not in journal.kinds()
    await journal.aclose()
