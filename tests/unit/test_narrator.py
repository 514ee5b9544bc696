"""What a payment's entries tell registers: each change once, in Stripe's words too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_clock import StillClock
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    PAYMENT,
    READER,
    requested,
)

from agent.events import Event, PhaseChanged, ReaderActionChanged
from agent.journal.entries import AuthorizationWarned
from agent.journal.journal import Journal
from agent.payments.narrator import Narrator, ShowReader
from agent.payments.payment import Payment
from agent.payments.states import IllegalStep


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    journal.narrator = Narrator(journal, show_reader=lambda p: {"id": p.reader_id})
    yield journal
    await journal.aclose()


def phases(events: list[Event]) -> list[str]:
    return [event.phase for event in events if isinstance(event, PhaseChanged)]


async def test_a_payment_of_an_earlier_life_is_told_on(journal: Journal) -> None:
    await journal.append(requested(), CARD_COLLECTED, CONFIRM_STARTED)
    revived = Narrator(journal, show_reader=lambda p: {"id": p.reader_id})

    told = revived.events_of([CONFIRMED, FINISHED])

    assert phases(told) == ["confirmed", "succeeded"]
    assert told[-1] == ReaderActionChanged(
        "terminal.reader.action_succeeded", READER, {"id": READER}
    )


async def test_what_changes_no_phase_tells_of_none(journal: Journal) -> None:
    await journal.append(requested(), CARD_COLLECTED, CONFIRM_STARTED, CONFIRMED)
    await journal.append(FINISHED)
    before = journal.events.head()

    await journal.append(AuthorizationWarned(PAYMENT, expires_at=1, lead_s=2))

    told = journal.events.read(after=before)
    assert "phase_changed" not in [event.type for event in told]


async def test_what_could_not_be_written_was_not_told(journal: Journal) -> None:
    await journal.append(requested())
    with pytest.raises(IllegalStep):
        await journal.append(CARD_COLLECTED, FINISHED)

    await journal.append(CARD_COLLECTED)

    bodies = [event.data for event in journal.events.read(after=0)]
    assert [PAYMENT in body for body in bodies] == [True, True]


async def test_a_card_to_look_at_moves_the_action_on(journal: Journal) -> None:
    await journal.append(requested())
    before = journal.events.head()

    await journal.append(replace(CARD_COLLECTED, brand="visa", last4="4242"))

    told = [event.type for event in journal.events.read(after=before)]
    assert told == ["phase_changed", "terminal.reader.action_updated"]


def broken(_: Payment) -> dict[str, Any]:
    raise RuntimeError("a defect")


@pytest.mark.parametrize(
    "show", [broken, lambda _: {"id": object()}, lambda _: {"tip": float("nan")}]
)
async def test_an_end_is_written_and_told_though_its_reader_cannot_be_shown(
    show: ShowReader, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.narrator = Narrator(journal, show_reader=show)

    await journal.append(requested(), CARD_COLLECTED, CONFIRM_STARTED, CONFIRMED)
    await journal.append(FINISHED)

    told = journal.events.read(after=0)[-1]
    assert journal.unfinished() == []
    assert told.type == "terminal.reader.action_succeeded"
    assert json.loads(told.data) == {"id": READER, "object": "terminal.reader"}
    assert "event.defect" in caplog.messages
