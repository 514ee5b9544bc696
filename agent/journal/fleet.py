"""What the fleet's broker has been told, and which of its orders were taken."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from agent.journal.audit import Audited, AuditStore
from agent.journal.codec import time_text
from agent.journal.db import Database

CURSOR = "fleet"

_CURSOR = "SELECT seq FROM event_cursors WHERE name = ?"
_MOVE = "INSERT OR REPLACE INTO event_cursors (name, seq) VALUES (?,?)"
_TAKE = "INSERT OR IGNORE INTO taken_orders (order_id, expires_at) VALUES (?,?)"
_FORGET = "DELETE FROM taken_orders WHERE expires_at < ?"


class FleetStore:
    """The fleet's tables. Raises JournalUnavailable."""

    def __init__(self, database: Database, *, audit: AuditStore) -> None:
        self._database = database
        self._audit = audit

    def cursor(self) -> int | None:
        """The sequence number of the newest event told; None where none was yet."""
        rows = self._database.read(_CURSOR, CURSOR)
        return rows[0][0] if rows else None

    async def move(self, seq: int) -> None:
        """The broker has every event up to this one."""
        await self._database.execute(_MOVE, CURSOR, seq)

    async def take(
        self, order_id: str, *, expires_at: datetime, now: datetime, audited: Audited
    ) -> bool:
        """Take the order, and write that down, before it is carried out.

        False where it was taken before; then nothing is written.
        """

        def change(connection: sqlite3.Connection) -> bool:
            connection.execute(_FORGET, (time_text(now),))
            row = (order_id, time_text(expires_at))
            if not connection.execute(_TAKE, row).rowcount:
                return False
            self._audit.append_within(connection, audited)
            return True

        return await self._database.write(change)
