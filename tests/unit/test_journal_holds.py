"""Which money is held, as the journal knows it without being read through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect

import pytest
from agent_clock import StillClock
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    PAYMENT,
    requested,
)

from agent.ids import PaymentId
from agent.journal.db import Database
from agent.journal.entries import CardRefused, Entry, HoldEnded, ReversalStarted
from agent.journal.entries import Reversed as MoneyIsBack
from agent.journal.journal import Journal
from agent.journal.migrations import migrations

HELD = replace(CONFIRMED, status="requires_capture", capture_before=1_793_700_000)
BACK: tuple[Entry, ...] = (
    CardRefused(PAYMENT, "declined", "0b"),
    ReversalStarted(PAYMENT, "key", "cancel"),
    MoneyIsBack(PAYMENT),
)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


def payment(name: str, *entries: Entry) -> list[Entry]:
    """These entries as those of a payment called so."""
    begun = (requested(), CARD_COLLECTED, CONFIRM_STARTED, *entries)
    return [replace(entry, payment_id=PaymentId(name)) for entry in begun]


async def test_held_money_is_listed_oldest_first(journal: Journal) -> None:
    for name, confirmed in (("c", HELD), ("b", CONFIRMED), ("a", HELD)):
        await journal.append(*payment(name, confirmed, FINISHED))

    assert journal.holds() == ["c", "a"]


@pytest.mark.parametrize(
    "after",
    [(FINISHED, HoldEnded(PAYMENT, "succeeded")), BACK],
    ids=["captured", "given_back"],
)
async def test_money_that_is_not_held_any_more_is_not_listed(
    journal: Journal, after: tuple[Entry, ...]
) -> None:
    await journal.append(*payment("a", HELD, *after))

    assert journal.holds() == []


async def test_holds_from_before_they_were_listed_are_found(tmp_path: Path) -> None:
    path, clock = tmp_path / "old.db", StillClock()
    older = [step for step in migrations() if step.version < holds_since()]
    for name, entries in (("old", []), ("held", []), ("back", [*BACK])):
        # An older version has no table of holds, and is no different otherwise.
        journal = Journal(Database.open(path, steps=older), clock=clock)
        await journal.append(*payment(name, HELD, *entries))
        await journal.aclose()
        clock.advance(timedelta(days=20).total_seconds())

    journal = await Journal.open(path, clock=clock)
    found = journal.holds()
    await journal.aclose()

    assert found == ["held"]


async def test_listing_holds_does_not_read_the_entries(
    journal: Journal, tmp_path: Path
) -> None:
    with closing(connect(tmp_path / "journal.db")) as other:
        (*_, plan) = other.execute(
            "EXPLAIN QUERY PLAN SELECT payment_id FROM holds ORDER BY confirmed_seq"
        ).fetchone()

    assert plan == "SCAN holds"


def holds_since() -> int:
    """The schema that lists them first."""
    return next(s.version for s in migrations() if "CREATE TABLE holds" in s.sql)
