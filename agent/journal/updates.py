"""The firmware updates of this machine's readers: their entries, durable and chained."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from agent.clock import Clock
from agent.events import Event, UpdateFinished, UpdateStarted
from agent.ids import ReaderId, UpdateId
from agent.journal.codec import Kinds
from agent.journal.db import Database
from agent.journal.entry_table import EntryTable, RawEntry, RecordedEntry, VerifiedChain
from agent.journal.event_log import EventLog
from agent.journal.update_entries import (
    ActivationStarted,
    ImageDownloaded,
    ImageLoaded,
    ImageVerified,
    InstallAwaited,
    LoadProgressed,
    LoadStarted,
    ReaderReturned,
    RestartAwaited,
    UpdateEnded,
    UpdateEntry,
    UpdateRequested,
)

UPDATE_KINDS: Kinds[UpdateEntry] = Kinds(
    {
        "update_requested": UpdateRequested,
        "image_downloaded": ImageDownloaded,
        "image_verified": ImageVerified,
        "install_awaited": InstallAwaited,
        "load_started": LoadStarted,
        "load_progressed": LoadProgressed,
        "image_loaded": ImageLoaded,
        "activation_started": ActivationStarted,
        "restart_awaited": RestartAwaited,
        "reader_returned": ReaderReturned,
        "update_ended": UpdateEnded,
    }
)
"""The names these entries have on disk; part of the hash chain, so never renamed."""

RecordedUpdate = RecordedEntry[UpdateEntry]

_UNFINISHED = "SELECT update_id FROM unfinished_updates ORDER BY requested_seq"
_LATEST = (
    "SELECT update_id FROM update_entries WHERE kind = 'update_requested'"
    " AND reader_id = ? ORDER BY seq DESC LIMIT 1"
)


class UpdateStore:
    """The tables of updates. Raises JournalUnavailable."""

    def __init__(self, database: Database, *, clock: Clock, events: EventLog) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._entries = EntryTable(
            database,
            table="update_entries",
            subject="update_id",
            kinds=UPDATE_KINDS,
            noun="entry of updates",
        )

    async def append(self, entry: UpdateEntry) -> RecordedUpdate:
        """Record it and what registers are told of it; durable when this returns.

        Raises InternalError for a second request or end of one update.
        """
        at = self._clock.now()

        def change(connection: sqlite3.Connection) -> RecordedUpdate:
            return self._entries.append(connection, [entry], at=at)

        return await self._events.write(change, self._told(entry), at=at)

    def _told(self, entry: UpdateEntry) -> list[Event]:
        if not isinstance(entry, LoadStarted | UpdateEnded):
            return []
        requested = self.entries_of(entry.update_id)[0].entry
        if not isinstance(requested, UpdateRequested):
            raise ValueError("an update's entries start with UpdateRequested")
        return [_event_of(entry, requested)]

    def entries_of(self, update_id: UpdateId) -> list[RecordedUpdate]:
        """The update's entries, oldest first."""
        return self._entries.of(update_id)

    def unfinished(self) -> list[UpdateId]:
        """The updates requested and not ended, oldest first."""
        return [UpdateId(row[0]) for row in self._database.read(_UNFINISHED)]

    def latest_of(self, reader_id: ReaderId) -> UpdateId | None:
        """The update last requested for this reader, ended or not."""
        rows = self._database.read(_LATEST, reader_id)
        return UpdateId(rows[0][0]) if rows else None

    def check_tail(self) -> None:
        """Check the newest entries; raises JournalBroken."""
        self._entries.check_tail()

    def export(self, *, since: datetime, until: datetime) -> Iterator[RawEntry]:
        """The entries of that time as they are on disk, oldest first."""
        return self._entries.export(since=since, until=until)

    def verify(self) -> VerifiedChain:
        """Check every entry; raises JournalBroken."""
        return self._entries.check()


def _event_of(entry: LoadStarted | UpdateEnded, requested: UpdateRequested) -> Event:
    match entry:
        case LoadStarted():
            return UpdateStarted(
                requested.reader_id, entry.update_id, requested.to_version
            )
        case UpdateEnded():
            return UpdateFinished(
                requested.reader_id,
                entry.update_id,
                outcome=entry.outcome,
                firmware_version=entry.firmware_version,
                failure_code=entry.failure_code,
            )
        case _:
            assert_never(entry)
