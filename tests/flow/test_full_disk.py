"""A disk that fills up in the middle of things: nothing starts, nothing is forgotten."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from flow_agent import Stack
from flow_invariants import check_payment, works_again

from agent.payments.states import Phase
from simulator.reader.screen import ReaderState


async def test_nothing_begins_that_cannot_be_written_down(stack: Stack) -> None:
    stack.world.customer("visa_approved", after_s=5.0)
    intent = await stack.agent.intent()
    stack.agent.journal.disk.is_full = True

    answer = await stack.agent.process(stack.reader, intent)

    assert (answer.status, answer.error["code"]) == (503, "journal_unavailable")
    assert await stack.agent.action(stack.reader) is None
    assert stack.world.reader().screen.state is ReaderState.IDLE
    assert await stack.taken(intent) == []
    assert stack.agent.journal.kinds() == []
    stack.agent.journal.free_disk()
    await works_again(stack)


async def test_a_fast_customer_changes_nothing_about_that(stack: Stack) -> None:
    stack.agent.journal.sleeps_at = "action_requested"
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    begun = asyncio.create_task(stack.agent.process(stack.reader, intent))
    await stack.world.is_in(ReaderState.AUTHORISING)
    stack.agent.journal.disk.is_full = True
    stack.agent.journal.wake.set()

    answer = await begun

    assert answer.error["code"] == "journal_unavailable"
    assert await stack.taken(intent) == []
    stack.agent.journal.free_disk()
    await works_again(stack)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("confirm_started", "failed", "payment_interrupted"),
        ("confirmed", "succeeded", None),
        ("action_finished", "succeeded", None),
    ],
)
async def test_a_payment_is_settled_once_it_can_be_written_down(
    kind: str, status: str, code: str | None, stack: Stack
) -> None:
    stack.agent.journal.fills_up_at = kind
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.journal.fell_full.wait()
    await stack.world.passed(60.0)
    meanwhile = await stack.agent.action(stack.reader)
    stack.agent.journal.free_disk()

    action = await stack.agent.ended(stack.reader)

    assert meanwhile["status"] == "in_progress"
    assert (action["status"], action["failure_code"]) == (status, code)
    await check_payment(stack, intent, amount=12_00)
    await works_again(stack)


@pytest.mark.parametrize("kind", ["card_refused", "reversal_started", "reversed"])
async def test_a_reversal_is_settled_once_it_can_be_written_down(
    kind: str, stack: Stack
) -> None:
    stack.agent.journal.fills_up_at = kind
    stack.world.customer("visa_refuses_after_approval")
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.journal.fell_full.wait()
    await stack.world.passed(60.0)
    stack.agent.journal.free_disk()

    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "declined_by_reader"
    await check_payment(stack, intent, amount=12_00)
    await works_again(stack)


async def test_a_reader_whose_payment_cannot_be_ended_refuses_at_once(
    stack: Stack,
) -> None:
    stack.agent.journal.fills_up_at = "confirm_started"
    stack.world.customer("visa_approved")
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.journal.fell_full.wait()
    await stack.world.passed(60.0)
    started_s = stack.world.clock.monotonic()

    begun = await stack.agent.process(stack.reader, await stack.agent.intent())
    canceled = await stack.agent.cancel(stack.reader)

    assert stack.world.clock.monotonic() - started_s < 1.0
    assert begun.error["code"] == canceled.error["code"] == "journal_unavailable"


async def test_an_unknown_outcome_stays_unknown_on_a_full_disk(stack: Stack) -> None:
    stack.agent.journal.fills_up_at = "confirmed"
    stack.world.customer("visa_approved")
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.journal.fell_full.wait()
    await stack.world.passed(60.0)

    action = await stack.agent.action(stack.reader)

    assert action["status"] == "in_progress"
    assert stack.payment().phase in {Phase.CONFIRMING, Phase.UNKNOWN}


async def test_health_tells_of_a_full_disk_until_there_is_room_again(
    stack: Stack,
) -> None:
    rest = stack.agent.rest
    stack.agent.journal.disk.is_full = True
    await stack.agent.process(stack.reader, await stack.agent.intent())

    full = await rest.get("/agent/health/ready")
    stack.agent.journal.free_disk()
    mended = await rest.get("/agent/health/ready")

    (cause,) = full.json()["causes"]
    assert (full.status, full.json()["status"]) == (503, "unavailable")
    assert cause["code"] == "journal_unavailable"
    assert "disk is full" in cause["message"]
    assert (mended.status, mended.json()["causes"]) == (200, [])
    await works_again(stack)


async def test_what_is_under_way_ends_in_the_room_that_is_left(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.world.customer("visa_approved", after_s=5.0)
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    nearly_full = os.statvfs_result((4096, 4096, 10**6, 9, 9, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: nearly_full)

    action = await stack.agent.ended(stack.reader)
    refused = await stack.agent.process(stack.reader, await stack.agent.intent())

    assert action["status"] == "succeeded"
    assert (refused.status, refused.error["code"]) == (503, "journal_unavailable")
    assert "Free disk space" in refused.error["remedy"]
    monkeypatch.undo()
    await works_again(stack)


async def test_a_journal_that_is_taken_away_takes_no_payment_with_it(
    stack: Stack, tmp_path: Path
) -> None:
    journal, aside = tmp_path / "journal.db", tmp_path / "aside.db"
    stack.world.customer("visa_approved", after_s=5.0)
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    os.rename(journal, aside)
    await stack.world.passed(60.0)
    health = await stack.agent.rest.get("/agent/health/ready")
    os.rename(aside, journal)

    action = await stack.agent.ended(stack.reader)

    assert health.status == 503
    assert "No such file" in health.json()["causes"][0]["message"]
    assert action["failure_code"] == "payment_interrupted"
    assert await stack.taken(intent) == []
    await works_again(stack)
