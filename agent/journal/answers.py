"""What was answered to an Idempotency-Key, so that a repeat is answered the same."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from agent.journal.codec import time_of, time_text
from agent.journal.db import Database


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An HTTP answer with the request it belongs to."""

    key: str
    """The Idempotency-Key within its caller's scope."""
    fingerprint: str
    """Digest of the request: the same key with another request is an error."""
    status: int
    body: bytes
    at: datetime


_GET = "SELECT key, fingerprint, status, body, at FROM answers WHERE key = ?"
_PUT = (
    "INSERT OR REPLACE INTO answers (key, fingerprint, status, body, at)"
    " VALUES (?,?,?,?,?)"
)
_FORGET = "DELETE FROM answers WHERE key = ?"
_PRUNE = "DELETE FROM answers WHERE at < ?"


class AnswerStore:
    """The table of answers. Raises JournalUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> StoredAnswer | None:
        """The answer given to this key."""
        rows = self._database.read(_GET, key)
        if not rows:
            return None
        stored_key, fingerprint, status, body, at = rows[0]
        return StoredAnswer(stored_key, fingerprint, status, body, time_of(at))

    async def put(self, answer: StoredAnswer) -> None:
        """Keep the answer, in place of an earlier one to the same key."""
        await self._database.write(lambda connection: keep(connection, answer))

    async def forget(self, key: str) -> None:
        """Answer this key anew the next time."""
        await self._database.execute(_FORGET, key)

    async def prune(self, before: datetime) -> None:
        """Forget the answers given before that time."""
        await self._database.execute(_PRUNE, time_text(before))


def keep(connection: sqlite3.Connection, answer: StoredAnswer) -> None:
    """Store the answer within a transaction under way."""
    connection.execute(
        _PUT,
        (
            answer.key,
            answer.fingerprint,
            answer.status,
            answer.body,
            time_text(answer.at),
        ),
    )
