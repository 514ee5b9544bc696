"""Which register has which reader for a while."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.ids import LocalKeyId, ReaderId
from agent.journal.audit import Audited, AuditStore
from agent.journal.codec import time_of, time_text
from agent.journal.db import Database


@dataclass(frozen=True, slots=True)
class Lease:
    """A reader given to one key until a time of day."""

    reader_id: ReaderId
    token: int
    """The fencing token: higher with every new holder, never used again."""
    key_id: LocalKeyId
    owner: str
    """The holder in its own words, to be shown to others."""
    expires_at: datetime

    def is_held(self, at: datetime) -> bool:
        """Whether it counts at this time."""
        return at < self.expires_at


_COLUMNS = "reader_id, token, key_id, owner, expires_at"
_ALL = f"SELECT {_COLUMNS} FROM leases"  # noqa: S608 - constants only
_PUT = f"INSERT OR REPLACE INTO leases ({_COLUMNS}) VALUES (?,?,?,?,?)"  # noqa: S608 - constants only


class LeaseStore:
    """The table of leases, for the one process that writes it. Raises JournalUnavailable.

    Every order to a reader asks, so the table is read once and then known.
    """

    def __init__(self, database: Database, *, audit: AuditStore) -> None:
        self._database = database
        self._audit = audit
        self._known: dict[ReaderId, Lease] | None = None

    def find(self, reader_id: ReaderId) -> Lease | None:
        """The reader's last lease, held or over."""
        if self._known is None:
            leases = map(_lease, self._database.read(_ALL))
            self._known = {lease.reader_id: lease for lease in leases}
        return self._known.get(reader_id)

    async def put(self, lease: Lease, *, audited: Audited | None = None) -> None:
        """Keep the lease, and at the same stroke what the audit has to know of it."""

        def change(connection: sqlite3.Connection) -> Lease:
            expires_at = time_text(lease.expires_at)
            row = (lease.reader_id, lease.token, lease.key_id, lease.owner, expires_at)
            connection.execute(_PUT, row)
            if audited is not None:
                self._audit.append_within(connection, audited)
            return lease

        # Also where nobody waits for it any more: what is written counts.
        await self._database.write(change, settled=self._written)

    def _written(self, lease: Lease | None) -> None:
        if lease is not None and self._known is not None:
            self._known[lease.reader_id] = lease


def _lease(row: tuple[Any, ...]) -> Lease:
    reader_id, token, key_id, owner, expires_at = row
    return Lease(reader_id, token, key_id, owner, time_of(expires_at))
