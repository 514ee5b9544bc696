"""Brings a database file to the present schema: forward only, all or nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent.errors import JournalNewerSchema

SCHEMA_FOLDER = Path(__file__).parent / "schema"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file, `0001_payments.sql`; never edited once released."""

    version: int
    sql: str


def migrations(folder: Path = SCHEMA_FOLDER) -> list[Migration]:
    """All migrations, oldest first."""
    return [
        Migration(version=int(file.name[:4]), sql=file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]


def migrate(
    connection: sqlite3.Connection, path: Path, *, steps: Sequence[Migration]
) -> None:
    """Apply the steps the file lacks, in one transaction, after a backup.

    The backup is `<name>.before-<version>` beside the file; a new file needs none.
    Raises JournalNewerSchema, having changed nothing, where the file is ahead of us.
    """
    latest = steps[-1].version
    if _version(connection) == latest:
        return
    # Another process may open the file at the same moment: look again under the lock.
    connection.execute("BEGIN IMMEDIATE")
    try:
        present = _version(connection)
        if present > latest:
            raise JournalNewerSchema(
                f"{path} has schema {present}; this version knows {latest}"
            )
        if 0 < present < latest:
            _back_up(path, version=latest)
        for step in steps:
            if step.version > present:
                _apply(connection, step)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _back_up(path: Path, *, version: int) -> None:
    """Copy the committed state, under another connection: ours holds the write lock."""
    copy = path.with_name(f"{path.name}.before-{version:04}")
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    with (
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA secure_delete = ON")
        for table in _OF_A_DAY & _tables(target):
            target.execute(f"DELETE FROM {table}")  # noqa: S608 - constants only
        target.commit()


_OF_A_DAY = frozenset({"action_details", "action_files"})
"""What customers answered at readers: erased after a day, while a copy may live on."""


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def _apply(connection: sqlite3.Connection, step: Migration) -> None:
    # executescript() would commit first and so end the one transaction.
    for statement in _statements(step.sql):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {step.version}")


def _statements(sql: str) -> Iterator[str]:
    """Split at the semicolons that end a statement, not at those within a trigger."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
