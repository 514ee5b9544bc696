"""The journal's file: made safely, brought up to date in one go, never back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from agent_clock import StillClock
from journal_entries import requested

from agent.errors import JournalNewerSchema, JournalUnavailable
from agent.journal.db import Database
from agent.journal.journal import Journal
from agent.journal.migrations import Migration, migrate, migrations

ONE = Migration(1, "CREATE TABLE one (n INTEGER);\nINSERT INTO one VALUES (1);\n")
TWO = Migration(2, "CREATE TABLE two (n INTEGER);\n")
THREE = Migration(3, "DROP TABLE one;\nCREATE TABLE nonsense (;\n")


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master ORDER BY name")
        return [name for (name,) in rows]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return int(version)


async def open_and_close(path: Path, *steps: Migration) -> None:
    database = Database.open(path, steps=list(steps))
    await database.aclose()


def test_the_migrations_are_numbered_without_a_gap() -> None:
    versions = [step.version for step in migrations()]

    assert versions == list(range(1, len(versions) + 1))


async def test_a_new_file_and_its_folder_are_for_their_owner_only(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state" / "journal.db"
    journal = await Journal.open(path, clock=StillClock())
    await journal.append(requested())

    modes = {
        name: (path.parent / name).stat().st_mode & 0o777
        for name in ("", "journal.db", "journal.db-wal", "journal.db-shm")
    }
    await journal.aclose()

    assert modes.pop("") == 0o700
    assert set(modes.values()) == {0o600}


async def test_only_the_missing_steps_are_applied(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await open_and_close(path, ONE)

    await open_and_close(path, ONE, TWO)

    assert tables(path) == ["one", "two"]
    assert version(path) == 2


async def test_the_file_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await open_and_close(path, ONE)

    await open_and_close(path, ONE, TWO)

    backup = tmp_path / "journal.db.before-0002"
    assert tables(backup) == ["one"]
    assert backup.stat().st_mode & 0o777 == 0o600


async def test_a_new_file_leaves_no_backup(tmp_path: Path) -> None:
    await open_and_close(tmp_path / "journal.db", ONE, TWO)

    assert sorted(os.listdir(tmp_path)) == ["journal.db"]


async def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await open_and_close(path, ONE)

    with pytest.raises(JournalUnavailable):
        await open_and_close(path, ONE, TWO, THREE)

    assert tables(path) == ["one"]
    assert version(path) == 1


async def test_without_a_copy_nothing_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await open_and_close(path, ONE)
    os.mkdir(tmp_path / "journal.db.before-0002")

    with pytest.raises(JournalUnavailable, match="before-0002"):
        await open_and_close(path, ONE, TWO)

    assert tables(path) == ["one"]
    assert version(path) == 1


async def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await open_and_close(path, ONE, TWO)

    with pytest.raises(JournalNewerSchema, match="schema 2; this version knows 1"):
        await open_and_close(path, ONE)

    assert version(path) == 2


def test_a_step_taken_by_another_process_meanwhile_is_not_repeated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as late,
        closing(sqlite3.connect(path, isolation_level=None)) as early,
    ):
        migrate(early, path, steps=[ONE])
        migrate(late, path, steps=[ONE])

        assert late.execute("SELECT count(*) FROM one").fetchone() == (1,)


async def test_a_file_that_is_no_database_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"my shopping list" * 100)

    with pytest.raises(JournalUnavailable, match="not a database"):
        await Journal.open(path, clock=StillClock())

    assert path.read_bytes() == b"my shopping list" * 100


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")

    with pytest.raises(JournalUnavailable, match="state"):
        await Journal.open(tmp_path / "state" / "journal.db", clock=StillClock())
