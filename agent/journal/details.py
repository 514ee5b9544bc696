"""What an action was asked with and answered by, and the files among that.

Personal data: never in an entry, which stays for ever, and erased after KEPT_FOR.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.clock import Clock
from agent.ids import FileId, PaymentId
from agent.journal.codec import canonical, time_of, time_text
from agent.journal.db import Database

KEPT_FOR = timedelta(hours=24)
"""Also of answers to Idempotency-Keys, as at Stripe."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was made at a reader, such as a signature."""

    file_id: FileId
    content: bytes = field(repr=False)


def signature_id(payment_id: PaymentId) -> FileId:
    """Under which id the signature that belongs to a payment is kept."""
    return FileId(f"file_signature_{payment_id}")


@dataclass(frozen=True, slots=True)
class Details:
    """What is kept of one action, in place of what was kept of it before."""

    content: Mapping[str, Any] = field(repr=False)
    """The object that Stripe shows under the action's type."""
    files: tuple[KeptFile, ...] = ()
    replaces: str | None = None
    """A name of which only the newest details are kept; None keeps all."""


_GET = "SELECT content FROM action_details WHERE payment_id = ? AND at > ?"
_FILE = "SELECT content, at FROM action_files WHERE file_id = ? AND at > ?"
_PUT = (
    "INSERT OR REPLACE INTO action_details (payment_id, replaces, content, at)"
    " VALUES (?,?,?,?)"
)
_PUT_FILE = "INSERT INTO action_files (file_id, content, at) VALUES (?,?,?)"
_KEEP_FILE = "INSERT OR REPLACE INTO action_files (file_id, content, at) VALUES (?,?,?)"
_FORGET_EARLIER = "DELETE FROM action_details WHERE replaces = ?"
_OLD = (
    "SELECT 1 FROM action_details WHERE at <= ?"
    " UNION ALL SELECT 1 FROM action_files WHERE at <= ? LIMIT 1"
)
_FORGET = "DELETE FROM action_details WHERE at <= ?"
_FORGET_FILES = "DELETE FROM action_files WHERE at <= ?"


class DetailStore:
    """The tables of details and of files. Raises JournalUnavailable."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of(self, payment_id: PaymentId) -> dict[str, Any] | None:
        """What is still kept of the action."""
        rows = self._database.read(_GET, payment_id, time_text(self._oldest()))
        return json.loads(rows[0][0]) if rows else None

    def file(self, file_id: FileId) -> tuple[KeptFile, datetime] | None:
        """The file and when it was made, while it is kept."""
        rows = self._database.read(_FILE, file_id, time_text(self._oldest()))
        if not rows:
            return None
        content, at = rows[0]
        return KeptFile(file_id, bytes(content)), time_of(at)

    async def keep_file(self, file: KeptFile) -> None:
        """Keep the file, in place of an earlier one of that id."""
        row = (file.file_id, file.content, time_text(self._clock.now()))
        await self._database.execute(_KEEP_FILE, *row)

    async def forget_old(self) -> None:
        """Erase what was kept for long enough, from the disk too."""
        before = time_text(self._oldest())

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_FORGET, (before,))
            connection.execute(_FORGET_FILES, (before,))

        if self._database.read(_OLD, before, before):
            await self._database.erase(change)

    def _oldest(self) -> datetime:
        return self._clock.now() - KEPT_FOR


def keep_details(
    connection: sqlite3.Connection,
    details: Details,
    payment_id: PaymentId,
    *,
    at: datetime,
) -> None:
    """Store the details within a transaction under way."""
    if details.replaces is not None:
        connection.execute(_FORGET_EARLIER, (details.replaces,))
    content, text = canonical(details.content), time_text(at)
    connection.execute(_PUT, (payment_id, details.replaces, content, text))
    for file in details.files:
        connection.execute(_PUT_FILE, (file.file_id, file.content, text))
