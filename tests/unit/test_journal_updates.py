"""Firmware updates in the journal: what was written comes back, and stays as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from agent_clock import NOON, StillClock
from house import ROOT
from hypothesis import given
from update_entries import (
    ONE_OF_EACH,
    READER,
    UPDATE,
    any_update_entry,
    update_ended,
    update_requested,
)

from agent.errors import InternalError, JournalBroken
from agent.ids import ReaderId, UpdateId
from agent.journal.codec import encode
from agent.journal.journal import Journal
from agent.journal.update_entries import UpdateEntry
from agent.journal.updates import UPDATE_KINDS

OVERWRITE = (
    "INSERT OR REPLACE INTO update_entries (seq, at, kind, body, hash)"
    " SELECT 1, at, kind, body, hash FROM update_entries WHERE seq = 1"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(path, clock=StillClock())
    yield journal
    await journal.aclose()


@given(any_update_entry)
def test_every_entry_of_an_update_comes_back_as_it_went(entry: UpdateEntry) -> None:
    kind, body = UPDATE_KINDS.kind_of(entry), encode(entry)

    assert UPDATE_KINDS.decode(kind, body) == entry


def test_every_kind_of_entry_of_an_update_has_a_name() -> None:
    kinds = [UPDATE_KINDS.kind_of(entry) for entry in ONE_OF_EACH]

    assert kinds == list(UPDATE_KINDS)
    assert {type(entry) for entry in ONE_OF_EACH} == set(get_args(UpdateEntry))


async def test_an_update_survives_a_restart(journal: Journal, path: Path) -> None:
    for entry in ONE_OF_EACH:
        await journal.updates.append(entry)
    await journal.aclose()

    reopened = await Journal.open(path, clock=StillClock())
    recorded = reopened.updates.entries_of(UPDATE)
    await reopened.aclose()

    assert [one.entry for one in recorded] == list(ONE_OF_EACH)
    assert {one.at for one in recorded} == {NOON}


async def test_unfinished_updates_are_told_oldest_first(journal: Journal) -> None:
    for name in ("c", "a", "b"):
        await journal.updates.append(update_requested(UpdateId(name)))
    await journal.updates.append(update_ended(UpdateId("a")))

    assert journal.updates.unfinished() == ["c", "b"]


async def test_the_latest_update_is_that_of_the_reader(journal: Journal) -> None:
    for number, reader in enumerate(("tmr_1", "tmr_1", "tmr_2")):
        await journal.updates.append(
            update_requested(UpdateId(f"upd_{number}"), ReaderId(reader))
        )

    assert journal.updates.latest_of(READER) == "upd_1"
    assert journal.updates.latest_of(ReaderId("tmr_3")) is None


async def test_an_update_ends_once(journal: Journal) -> None:
    await journal.updates.append(update_requested())
    await journal.updates.append(update_ended())

    with pytest.raises(InternalError):
        await journal.updates.append(update_ended())


async def test_updates_are_no_payments(journal: Journal) -> None:
    await journal.updates.append(update_requested())

    assert journal.unfinished() == []
    assert journal.verify().entries == 0
    assert journal.updates.verify().entries == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE update_entries SET at = 'never' WHERE seq = 1",
        "DELETE FROM update_entries WHERE seq = 1",
        OVERWRITE,
    ],
)
async def test_the_table_takes_nothing_but_the_next_entry(
    journal: Journal, path: Path, statement: str
) -> None:
    await journal.updates.append(update_requested())

    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="entries are"),
    ):
        connection.execute(statement)


async def test_a_changed_entry_of_an_update_is_found_on_opening(
    journal: Journal, path: Path
) -> None:
    await journal.updates.append(update_requested())
    await journal.aclose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER update_entries_are_never_changed")
        connection.execute(
            "UPDATE update_entries SET body = replace(body, 'lk_1', 'lk_2')"
        )
        connection.commit()

    with pytest.raises(JournalBroken, match="entry of updates 1 does not match"):
        await Journal.open(path, clock=StillClock())


@pytest.mark.parametrize("kind", list(UPDATE_KINDS))
def test_every_kind_of_entry_of_an_update_is_documented(kind: str) -> None:
    assert f"| `{kind}` |" in (ROOT / "docs/journal.md").read_text()
