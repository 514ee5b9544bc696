"""A table of entries: appended, chained by hash, read by what they belong to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from agent.errors import JournalBroken
from agent.journal.chain import GENESIS, link
from agent.journal.codec import (
    EntryT,
    EntryUnreadable,
    Kinds,
    encode,
    time_of,
    time_text,
)
from agent.journal.db import Database

TAIL_LENGTH = 100
"""How many of the newest entries are checked on opening; `verify` checks all."""

_Row = tuple[int, str, str, str, str]


@dataclass(frozen=True, slots=True)
class RecordedEntry(Generic[EntryT]):
    """An entry with its place in its table."""

    seq: int
    at: datetime
    entry: EntryT
    hash: str
    """Hex; covers this entry and all before it."""


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as it is on disk, so that others can check the chain."""

    seq: int
    at: str
    kind: str
    body: str
    """Canonical JSON: what was hashed."""
    hash: str


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """A table whose every entry matches its hash."""

    entries: int
    head: str
    """The newest entry's hash: compare it with a copy kept elsewhere."""


class EntryTable(Generic[EntryT]):
    """One such table. Raises JournalUnavailable, and JournalBroken where it reads."""

    def __init__(
        self,
        database: Database,
        *,
        table: str,
        subject: str,
        kinds: Kinds[EntryT],
        noun: str = "entry",
    ) -> None:
        """`subject` is the column of what an entry belongs to; `noun` is for errors."""
        self._database = database
        self._kinds = kinds
        self._noun = noun
        columns = f"SELECT seq, at, kind, body, hash FROM {table}"  # noqa: S608 - constants only
        self._head = f"SELECT seq, hash FROM {table} ORDER BY seq DESC LIMIT 1"  # noqa: S608 - constants only
        self._hash_of = f"SELECT hash FROM {table} WHERE seq = ?"  # noqa: S608 - constants only
        self._append = (
            f"INSERT INTO {table} (seq, at, kind, body, hash) VALUES (?,?,?,?,?)"  # noqa: S608 - constants only
        )
        self._read = f"{columns} WHERE seq > ? ORDER BY seq LIMIT ?"
        self._of = f"{columns} WHERE {subject} = ? ORDER BY seq"

    def append(
        self,
        connection: sqlite3.Connection,
        entries: Sequence[EntryT],
        *,
        at: datetime,
    ) -> RecordedEntry[EntryT]:
        """Add entries within a transaction under way; the last one as it stands."""
        seq, head = connection.execute(self._head).fetchone() or (0, GENESIS)
        at_text = time_text(at)
        for entry in entries:
            seq += 1
            kind, body = self._kinds.kind_of(entry), encode(entry)
            head = link(head, seq=seq, at=at_text, kind=kind, body=body)
            connection.execute(self._append, (seq, at_text, kind, body, head))
        return RecordedEntry(seq=seq, at=at, entry=entries[-1], hash=head)

    def of(self, subject: str) -> list[RecordedEntry[EntryT]]:
        """The entries of one subject, oldest first."""
        return self._recorded(self._database.read(self._of, subject))

    def read(self, *, after: int, limit: int) -> list[RecordedEntry[EntryT]]:
        """Up to `limit` entries that follow sequence number `after`."""
        return self._recorded(self._database.read(self._read, after, limit))

    def export(self, *, since: datetime, until: datetime) -> Iterator[RawEntry]:
        """The entries recorded from `since` on and before `until`, oldest first.

        Reads the whole table, a little at a time.
        """
        after, first, end = 0, time_text(since), time_text(until)
        while rows := self._database.read(self._read, after, TAIL_LENGTH):
            entries = [RawEntry(*row) for row in rows]
            yield from (entry for entry in entries if first <= entry.at < end)
            after = entries[-1].seq

    def check_tail(self) -> None:
        """Check the newest entries; raises JournalBroken."""
        head = self._database.read(self._head)
        if head:
            self.check(after=max(0, head[0][0] - TAIL_LENGTH))

    def check(self, *, after: int = 0) -> VerifiedChain:
        """Check every entry behind `after`; JournalBroken names the first bad one."""
        previous = self._database.read(self._hash_of, after)
        head = previous[0][0] if previous else GENESIS
        while rows := self._database.read(self._read, after, TAIL_LENGTH):
            head = self._follow(rows, after=after, head=head)
            after = rows[-1][0]
        return VerifiedChain(entries=after, head=head)

    def _recorded(self, rows: Iterable[_Row]) -> list[RecordedEntry[EntryT]]:
        return [
            RecordedEntry(
                seq=seq,
                at=time_of(at),
                entry=self._decoded(seq, kind, body),
                hash=hash_,
            )
            for seq, at, kind, body, hash_ in rows
        ]

    def _decoded(self, seq: int, kind: str, body: str) -> EntryT:
        try:
            return self._kinds.decode(kind, body)
        except EntryUnreadable as error:
            raise JournalBroken(
                f"{self._noun} {seq} cannot be read: {error}"
            ) from error

    def _follow(self, rows: Iterable[_Row], *, after: int, head: str) -> str:
        """The hash of the last row, once every row is seen to follow from `head`."""
        for seq, at, kind, body, hash_ in rows:
            after += 1
            if seq != after:
                raise JournalBroken(f"{self._noun} {after} is missing")
            if link(head, seq=seq, at=at, kind=kind, body=body) != hash_:
                raise JournalBroken(f"{self._noun} {seq} does not match its hash")
            self._decoded(seq, kind, body)
            head = hash_
        return head
