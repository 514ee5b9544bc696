"""What people did to this machine that others may ask about: durable and chained."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.clock import Clock
from agent.journal.codec import Kinds
from agent.journal.db import Database
from agent.journal.entry_table import (
    EntryTable,
    RawEntry,
    RecordedEntry,
    VerifiedChain,
)


@dataclass(frozen=True, slots=True)
class Audited:
    """Somebody did something to something. Holds no key, no card and no customer."""

    actor: str
    """Whose order it was: a local key's id, or `fleet:` and a name."""
    action: str
    """Such as `lease_overridden`; API."""
    subject: str
    """What it was done to: a reader's id, or `agent`."""
    reason: str | None = None
    """In the words of whoever did it."""


AUDIT_KINDS: Kinds[Audited] = Kinds({"audited": Audited})
"""The name these entries have on disk; part of the hash chain, so never renamed."""

RecordedAudit = RecordedEntry[Audited]


class AuditStore:
    """The audit's table. Raises JournalUnavailable."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._entries = EntryTable(
            database,
            table="audit_entries",
            subject="subject",
            kinds=AUDIT_KINDS,
            noun="entry of the audit",
        )

    async def append(self, audited: Audited) -> RecordedAudit:
        """Record it; durable on return."""
        return await self._database.write(lambda sql: self.append_within(sql, audited))

    def append_within(
        self, connection: sqlite3.Connection, audited: Audited
    ) -> RecordedAudit:
        """Record it in a transaction under way, with what was done."""
        return self._entries.append(connection, [audited], at=self._clock.now())

    def of(self, subject: str) -> list[RecordedAudit]:
        """What was done to it, oldest first."""
        return self._entries.of(subject)

    def read(self, *, after: int, limit: int) -> list[RecordedAudit]:
        """Up to `limit` entries that follow sequence number `after`."""
        return self._entries.read(after=after, limit=limit)

    def export(self, *, since: datetime, until: datetime) -> Iterator[RawEntry]:
        """The entries of that time as they are on disk, oldest first."""
        return self._entries.export(since=since, until=until)

    def check_tail(self) -> None:
        """Check the newest entries; raises JournalBroken."""
        self._entries.check_tail()

    def verify(self) -> VerifiedChain:
        """Check every entry; JournalBroken names the first that is bad."""
        return self._entries.check()
