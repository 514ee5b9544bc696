"""The state file: an SQLite database with all objects and kept answers of both modes.

A write is one transaction. It survives the death of the process at any moment; only a
power cut may lose the latest ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import StateFileUnusable
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.state.contents import Contents

_APPLICATION = 0x434C5354
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE object (
    livemode INTEGER, kind TEXT, id TEXT, position INTEGER, content TEXT,
    PRIMARY KEY (livemode, kind, id)
) WITHOUT ROWID;
CREATE TABLE tombstone (
    number INTEGER PRIMARY KEY, livemode INTEGER, kind TEXT, id TEXT, content TEXT,
    UNIQUE (livemode, kind, id)
);
CREATE TABLE answer (
    number INTEGER PRIMARY KEY, livemode INTEGER, key TEXT, content TEXT,
    UNIQUE (livemode, key)
);
"""
_READ_OBJECTS = "SELECT livemode, kind, content FROM object ORDER BY position"
_READ_TOMBSTONES = "SELECT livemode, kind, id, content FROM tombstone ORDER BY number"
_READ_ANSWERS = "SELECT livemode, content FROM answer ORDER BY number"
_CLEAR = ("DELETE FROM object", "DELETE FROM tombstone", "DELETE FROM answer")
_PUT_OBJECT = "REPLACE INTO object VALUES (?, ?, ?, ?, ?)"
_REMOVE_OBJECT = "DELETE FROM object WHERE livemode = ? AND kind = ? AND id = ?"
_PUT_TOMBSTONE = "REPLACE INTO tombstone (livemode, kind, id, content) VALUES (?,?,?,?)"
_PUT_ANSWER = "REPLACE INTO answer (livemode, key, content) VALUES (?, ?, ?)"

_ROWS_A_TURN = 32
"""So many are written before others have a turn: about a millisecond."""

_Statement = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of one object."""

    livemode: bool
    kind: str
    id: str
    value: Object | None
    """The object; None where it was deleted."""
    position: int
    """Where it stands among its kind; 0 where it was deleted."""
    tombstone: Object | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that are kept all or not at all."""

    changes: Iterable[Change]
    answers: Iterable[tuple[bool, Object]]
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
        """What is in it, by livemode."""
        found = {False: Contents(), True: Contents()}
        for livemode, kind, content in self._database.execute(_READ_OBJECTS):
            objects = found[bool(livemode)].objects
            objects.setdefault(kind, []).append(json.loads(content))
        for livemode, kind, id_, content in self._database.execute(_READ_TOMBSTONES):
            deleted = found[bool(livemode)].deleted
            deleted.setdefault(kind, {})[id_] = json.loads(content)
        for livemode, content in self._database.execute(_READ_ANSWERS):
            found[bool(livemode)].answers.append(json.loads(content))
        return found

    async def write(self, batch: Batch) -> None:
        """Keep a batch; it is safe from the end of the process when this returns.

        In turns with whatever else runs in the loop. A thread would have to fight for
        the interpreter's lock at every row.
        """
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            for number, (statement, values) in enumerate(_statements(batch)):
                database.execute(statement, values)
                if number % _ROWS_A_TURN == _ROWS_A_TURN - 1:
                    await asyncio.sleep(0)

    def close(self) -> None:
        """Let others have it."""
        self._database.close()


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


def _statements(batch: Batch) -> Iterator[_Statement]:
    if batch.replaces_everything:
        yield from ((statement, ()) for statement in _CLEAR)
    for change in batch.changes:
        key = (change.livemode, change.kind, change.id)
        if change.value is None:
            yield _REMOVE_OBJECT, key
        else:
            yield _PUT_OBJECT, (*key, change.position, _json(change.value))
        if change.tombstone is not None:
            yield _PUT_TOMBSTONE, (*key, _json(change.tombstone))
    for livemode, answer in batch.answers:
        yield _PUT_ANSWER, (livemode, answer["key"], _json(answer))


def _json(value: Object) -> str:
    return json.dumps(value, separators=(",", ":"))
