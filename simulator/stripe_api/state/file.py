"""The state file: an SQLite database with all objects and kept answers of both modes.

It is a log of changes, begun anew with every run. A write is one transaction. It
survives the death of the process at any moment; only a power cut may lose the latest.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import StateFileUnusable
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.state.contents import Contents

_APPLICATION = 0x434C5354
_SCHEMA_VERSION = 1
_SCHEMA = "CREATE TABLE change (number INTEGER PRIMARY KEY, content TEXT NOT NULL);"
_READ = "SELECT content FROM change ORDER BY number"
_CLEAR = "DELETE FROM change"
_APPEND = "INSERT INTO change (content) VALUES (?)"

_CHANGES_A_ROW = 32
"""So many are written before others have a turn: about a millisecond."""


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of one object."""

    livemode: bool
    kind: str
    id: str
    value: Object | None
    """The object; None where it was deleted."""
    tombstone: Object | None

    def as_json(self) -> Sequence[Any]:
        """As the file holds it."""
        return (self.livemode, self.kind, self.id, self.value, self.tombstone)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that was stored under an idempotency key."""

    livemode: bool
    record: Object

    def as_json(self) -> Sequence[Any]:
        """As the file holds it."""
        return (self.livemode, self.record)


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that are kept all or not at all, in the order in which they began."""

    changes: Sequence[Change | KeptAnswer]
    replaces_everything: bool


class StateFile:
    """One open state file; nobody else can use it until it is closed."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it where there is none; raises StateFileUnusable."""
        try:
            # Webhook secrets and client secrets are in it.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StateFileUnusable(f"{path}: {error}") from None
        try:
            _prepare(self._database)
        except (StateFileUnusable, sqlite3.Error) as error:
            self._database.close()
            raise StateFileUnusable(f"{path}: {error}") from None

    def read(self) -> Mapping[bool, Contents]:
        """What is in it, by livemode; raises ValueError or KeyError where it is not."""
        replay = {False: _Replay(), True: _Replay()}
        for (content,) in self._database.execute(_READ):
            for livemode, *entry in json.loads(content):
                replay[livemode].apply(*entry)
        return {livemode: each.contents() for livemode, each in replay.items()}

    async def write(self, batch: Batch) -> None:
        """Keep a batch; it is safe from the end of the process when this returns.

        In turns with whatever else runs in the loop. A thread would have to fight for
        the interpreter's lock at every row.
        """
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            if batch.replaces_everything:
                database.execute(_CLEAR)
            for row in _rows(batch.changes):
                database.execute(_APPEND, (row,))
                await asyncio.sleep(0)

    def close(self) -> None:
        """Let others have it."""
        self._database.close()


class _Replay:
    """One mode, as the changes so far have made it."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Object]] = {}
        self._deleted: dict[str, dict[str, Object]] = {}
        self._answers: dict[str, Object] = {}

    def apply(self, kind: Any, *entry: Any) -> None:
        """One entry of the log: `kind` and its change, or an answer alone."""
        if not entry:
            self._answers[kind["key"]] = kind
            return
        object_id, value, tombstone = entry
        objects = self._objects.setdefault(kind, {})
        if value is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = value
        if tombstone is not None:
            self._deleted.setdefault(kind, {})[object_id] = tombstone

    def contents(self) -> Contents:
        """The mode's contents."""
        return Contents(
            objects={kind: list(each.values()) for kind, each in self._objects.items()},
            deleted=self._deleted,
            answers=list(self._answers.values()),
        )


def _prepare(database: sqlite3.Connection) -> None:
    # With an exclusive lock SQLite keeps the write-ahead log's index in memory.
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application, version, tables) == (0, 0, 0):
        database.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION};"
            f"PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
        )
    elif application != _APPLICATION:
        raise StateFileUnusable("this is no state file of the simulator")
    elif version != _SCHEMA_VERSION:
        raise StateFileUnusable(f"it was written by another version ({version})")
    # Takes the lock now rather than at the first change.
    database.execute("BEGIN IMMEDIATE")
    database.execute("COMMIT")


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _rows(changes: Sequence[Change | KeptAnswer]) -> Iterator[str]:
    for start in range(0, len(changes), _CHANGES_A_ROW):
        some = changes[start : start + _CHANGES_A_ROW]
        yield _encode([change.as_json() for change in some])
