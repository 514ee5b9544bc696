"""The writing thread: who shares a transaction does not share its failures."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent.errors import InternalError, JournalUnavailable
from agent.journal.db import Database
from agent.journal.migrations import Migration
from agent.journal.troubles import JournalDiskFull

SCHEMA = Migration(1, "CREATE TABLE notes (text TEXT UNIQUE);\n")
INSERT = "INSERT INTO notes VALUES (?)"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database.open(tmp_path / "notes.db", steps=[SCHEMA])
    yield database
    await database.aclose()


def notes(database: Database) -> list[str]:
    return [text for (text,) in database.read("SELECT text FROM notes ORDER BY text")]


async def in_one_transaction(
    database: Database, *changes: Callable[[sqlite3.Connection], None]
) -> list[BaseException | None]:
    """How changes end that were queued while the writer was busy with another."""
    loop = asyncio.get_running_loop()
    begun, go_on = asyncio.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()

    holding = asyncio.ensure_future(database.write(hold))
    await begun.wait()
    writes = asyncio.gather(
        *(database.write(change) for change in changes), return_exceptions=True
    )
    await asyncio.sleep(0)
    go_on.set()
    await holding
    return await writes


def insert(text: str) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, (text,))

    return change


async def test_a_change_returns_its_value_after_the_commit(database: Database) -> None:
    def change(connection: sqlite3.Connection) -> int:
        return connection.execute(INSERT, ("a",)).rowcount

    assert await database.write(change) == 1
    assert notes(database) == ["a"]


async def test_a_change_that_fails_takes_nothing_of_others_with_it(
    database: Database,
) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, ("half",))
        raise ValueError("no")

    first, failed, refused, last = await in_one_transaction(
        database, insert("a"), half, insert("a"), insert("b")
    )

    assert notes(database) == ["a", "b"]
    assert (first, last) == (None, None)
    assert isinstance(failed, ValueError)
    assert isinstance(refused, InternalError)


async def test_a_statement_that_sqlite_does_not_know_is_told_to_its_caller(
    database: Database,
) -> None:
    with pytest.raises(JournalUnavailable, match="no such table"):
        await database.execute("INSERT INTO letters VALUES (1)")


async def test_a_disk_that_fills_up_fails_all_of_the_transaction(
    database: Database,
) -> None:
    await database.execute("PRAGMA max_page_count = 4")
    outcomes = await in_one_transaction(
        database, insert("small"), insert("large" * 10_000)
    )

    assert [type(outcome) for outcome in outcomes] == [JournalDiskFull] * 2
    assert outcomes[0] is not outcomes[1]
    assert notes(database) == []


async def test_a_locked_file_fails_the_write_and_not_the_next_one(
    tmp_path: Path,
) -> None:
    database = Database.open(tmp_path / "notes.db", steps=[SCHEMA], lock_wait_s=0)
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(JournalUnavailable, match="locked"):
        await database.execute(INSERT, "a")

    other.close()
    await database.execute(INSERT, "b")
    assert notes(database) == ["b"]
    await database.aclose()


async def test_more_changes_than_one_transaction_takes_are_all_made(
    database: Database,
) -> None:
    texts = [f"{n:04}" for n in range(600)]

    await asyncio.gather(*(database.execute(INSERT, text) for text in texts))

    assert notes(database) == texts


async def test_an_unreadable_query_is_an_unavailable_journal(
    database: Database,
) -> None:
    with pytest.raises(JournalUnavailable, match="no such table"):
        database.read("SELECT * FROM letters")


async def test_the_reading_side_cannot_write(database: Database) -> None:
    with pytest.raises(JournalUnavailable, match="readonly"):
        database.read("DELETE FROM notes")


async def test_the_thread_is_gone_after_closing(tmp_path: Path) -> None:
    before = threading.active_count()
    database = Database.open(tmp_path / "notes.db", steps=[SCHEMA])

    await database.aclose()
    await database.aclose()

    assert threading.active_count() == before


async def test_a_database_that_was_never_closed_outlives_its_loop(
    tmp_path: Path,
) -> None:
    path = tmp_path / "notes.db"

    def use_and_forget() -> None:
        async def use() -> None:
            database = Database.open(path, steps=[SCHEMA])
            await database.execute(INSERT, "a")

        asyncio.run(use())

    await asyncio.to_thread(use_and_forget)

    database = Database.open(path, steps=[SCHEMA])
    assert notes(database) == ["a"]
    await database.aclose()
