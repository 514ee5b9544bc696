"""One SQLite file: reads on the caller's thread, writes on one thread of its own.

Owns connections, transactions and durability; knows no table.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from agent.errors import JournalUnavailable
from agent.journal.migrations import Migration, migrate
from agent.journal.troubles import Place
from agent.journal.writer import Change, Settled, Writer

T = TypeVar("T")


class Database:
    """An open, migrated file. Use it from the thread that opened it."""

    def __init__(
        self,
        path: Path,
        *,
        reader: sqlite3.Connection,
        writer: Writer,
        place: Place,
    ) -> None:
        self.path = path
        self._place = place
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(
        cls, path: Path, *, steps: list[Migration], lock_wait_s: float = 5.0
    ) -> Database:
        """Open the file, made with mode 0600 (in a folder of 0700) where missing.

        `lock_wait_s` is how long a write waits for another process that writes.
        Raises JournalUnavailable or JournalNewerSchema. Needs a running event loop.
        """
        try:
            _create(path)
            connection = _connect(path, lock_wait_s)
            try:
                migrate(connection, path, steps=steps)
                place = Place.of(path)
                reader = _connect(path, lock_wait_s)
                reader.execute("PRAGMA query_only = ON")
            except BaseException:
                connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise JournalUnavailable(f"{path}: {error}") from error
        return cls(
            path, reader=reader, writer=Writer(connection, place=place), place=place
        )

    def read(self, sql: str, *values: object) -> list[Any]:
        """All rows of a query, as of the last commit; microseconds where indexed."""
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise JournalUnavailable(f"{self.path}: {error}") from error

    @property
    def trouble(self) -> JournalUnavailable | None:
        """Why the last write failed; None once one has succeeded."""
        return self._writer.trouble

    def check_usable(self) -> None:
        """Raise JournalUnavailable where the file is gone, or without room for more.

        A look at the file system, without a write.
        """
        self._place.check()
        self._place.check_room()

    async def write(self, change: Change[T], *, settled: Settled[T] | None = None) -> T:
        """Run `change` in the writer's next transaction; durable when this returns.

        Where `change` raises, nothing it did stays, and others are not affected.
        Raises JournalUnavailable where SQLite or the disk fails. A caller that is
        cancelled meanwhile does not take the change back.
        """
        return await self.begin(change, settled=settled)

    def begin(
        self, change: Change[T], *, settled: Settled[T] | None = None
    ) -> asyncio.Future[T]:
        """As `write`, begun before this returns: writes keep the order of these calls.

        `settled` hears how it ended even where nobody waits for the future.
        """
        return self._writer.begin(change, settled=settled)

    async def erase(self, change: Change[T]) -> T:
        """As `write`, for what is to be gone from the disk: no log keeps a copy."""
        return await self._writer.begin(change, erases=True)

    async def execute(self, sql: str, *values: object) -> None:
        """Write one statement; as `write`."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(sql, values)

        await self.write(change)

    def measured_by(self, measure: Callable[[int, float], None]) -> None:
        """Tell `measure` of every commit: how many changes, and how long it took."""
        self._writer.measure = measure

    async def aclose(self) -> None:
        """Finish what is queued and close the file. Safe to call twice."""
        await self._writer.aclose()
        self._reader.close()


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the file itself.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _connect(path: Path, lock_wait_s: float) -> sqlite3.Connection:
    """A connection in autocommit: transactions are begun and ended in plain sight."""
    connection = sqlite3.connect(
        path, timeout=lock_wait_s, isolation_level=None, check_same_thread=False
    )
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
