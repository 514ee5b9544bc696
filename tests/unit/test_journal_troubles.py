"""A journal that cannot be written says why and what to do, and goes on by itself."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from agent_clock import StillClock
from journal_entries import PAYMENT, requested

from agent.errors import JournalUnavailable
from agent.ids import PaymentId
from agent.journal.db import Database
from agent.journal.journal import Journal
from agent.journal.migrations import migrations
from agent.journal.troubles import (
    JournalDiskFull,
    JournalFileGone,
    JournalLocked,
    JournalReadOnly,
)
from agent.journal.troubles import trouble_of as meaning_of

LOCK_WAIT_S = 0.05


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database.open(path, steps=migrations(), lock_wait_s=LOCK_WAIT_S)
    yield database
    await database.aclose()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, clock=StillClock())


def put(path: Path, content: bytes) -> None:
    """Another file in the place of this one."""
    path.unlink()
    path.write_bytes(content)


def content(path: Path) -> bytes:
    return path.read_bytes()


async def trouble_of(journal: Journal) -> JournalUnavailable | None:
    return await journal.trouble(timeout_s=5.0)


async def test_nothing_is_written_into_a_file_that_was_removed(
    journal: Journal, path: Path
) -> None:
    aside = path.with_name("aside.db")
    os.rename(path, aside)

    with pytest.raises(JournalFileGone, match="No such file"):
        await journal.append(requested())
    with pytest.raises(JournalFileGone):
        journal.check_usable()
    os.rename(aside, path)
    await journal.append(requested())

    assert len(journal.entries_of(PAYMENT)) == 1
    assert await trouble_of(journal) is None


async def test_nothing_is_written_beside_a_file_put_in_its_place(
    journal: Journal, path: Path
) -> None:
    put(path, b"another")

    with pytest.raises(JournalFileGone, match="replaced") as refused:
        await journal.append(requested())

    assert "restart the agent" in refused.value.remedy
    assert content(path) == b"another"


async def test_a_lock_of_another_process_is_told_and_outlived(
    journal: Journal, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalLocked, match="locked"):
            await journal.append(requested())
        meanwhile = await trouble_of(journal)
        other.execute("ROLLBACK")

    assert isinstance(meanwhile, JournalLocked)
    assert "fuser" in meanwhile.remedy
    assert await trouble_of(journal) is None


async def test_a_file_that_takes_no_writes_is_told_as_such(
    journal: Journal, path: Path
) -> None:
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as read_only,
        pytest.raises(sqlite3.OperationalError) as refused,
    ):
        read_only.execute("DELETE FROM answers")

    trouble = meaning_of(refused.value)

    assert isinstance(trouble, JournalReadOnly)
    assert "goes on by itself" in trouble.remedy


async def test_a_full_disk_is_told_until_something_was_written(
    journal: Journal, database: Database
) -> None:
    def shrink(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    def grow(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 100000")

    await database.write(shrink)
    for number in range(200):
        try:
            await journal.append(requested(PaymentId(f"pay_{number}")))
        except JournalDiskFull:
            break
    meanwhile = database.trouble
    await journal.pulse()
    after_a_pulse = database.trouble
    await database.write(grow)

    assert isinstance(meanwhile, JournalDiskFull)
    assert isinstance(after_a_pulse, JournalDiskFull)
    assert await trouble_of(journal) is None
    journal.verify()


async def test_trying_leaves_nothing_behind(
    journal: Journal, database: Database
) -> None:
    with pytest.raises(JournalUnavailable):
        await database.execute("INSERT INTO nonsense VALUES (1)")

    assert await trouble_of(journal) is None
    assert database.read("SELECT * FROM answers") == []


async def test_a_trouble_that_is_remembered_holds_on_to_nothing(
    journal: Journal, path: Path
) -> None:
    os.unlink(path)
    with pytest.raises(JournalUnavailable):
        await journal.append(requested(), held_card=b"ciphertext")

    trouble = await trouble_of(journal)

    assert trouble is not None
    past = (trouble.__traceback__, trouble.__cause__, trouble.__context__)
    assert past == (None, None, None)


@pytest.mark.parametrize(
    ("free_blocks", "flags", "expected"),
    [
        (1023, 0, JournalDiskFull),
        (10**6, os.ST_RDONLY, JournalReadOnly),
        (1024, 0, None),
    ],
)
async def test_no_payment_begins_where_it_might_not_end(
    free_blocks: int,
    flags: int,
    expected: type[JournalUnavailable] | None,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = os.statvfs_result(
        (4096, 4096, 10**6, free_blocks, free_blocks, 0, 0, 0, flags, 255)
    )
    monkeypatch.setattr(os, "statvfs", lambda _: system)

    if expected is None:
        journal.check_usable()
    else:
        with pytest.raises(expected):
            journal.check_usable()
