"""The journal: entries appended before and after every effect, durable and chained."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.clock import Clock
from agent.errors import JournalBroken
from agent.ids import PaymentId, ReaderId
from agent.journal.answers import AnswerStore, StoredAnswer, keep
from agent.journal.chain import GENESIS, link
from agent.journal.codec import (
    EntryUnreadable,
    decode,
    encode,
    kind_of,
    time_of,
    time_text,
)
from agent.journal.db import Database
from agent.journal.entries import Entry
from agent.journal.keys import LocalKeyStore
from agent.journal.migrations import migrations
from agent.journal.readers import ReaderStore

TAIL_LENGTH = 100
"""How many of the newest entries are checked on opening; `verify` checks all."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry with its place in the journal."""

    seq: int
    at: datetime
    entry: Entry
    hash: str
    """Hex; covers this entry and all before it."""


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """A journal whose every entry matches its hash."""

    entries: int
    head: str
    """The newest entry's hash: compare it with a copy kept elsewhere."""


_Row = tuple[int, str, str, str, str]

_COLUMNS = "SELECT seq, at, kind, body, hash FROM entries"
_HEAD = "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1"
_HASH_OF = "SELECT hash FROM entries WHERE seq = ?"
_APPEND = "INSERT INTO entries (seq, at, kind, body, hash) VALUES (?,?,?,?,?)"
_READ = f"{_COLUMNS} WHERE seq > ? ORDER BY seq LIMIT ?"
_OF_PAYMENT = f"{_COLUMNS} WHERE payment_id = ? ORDER BY seq"
_UNFINISHED = "SELECT payment_id FROM unfinished ORDER BY requested_seq"
_LATEST = (
    "SELECT payment_id FROM entries WHERE kind = 'action_requested'"
    " AND reader_id = ? ORDER BY seq DESC LIMIT 1"
)
_HOLD = "INSERT OR REPLACE INTO held_cards (payment_id, card) VALUES (?,?)"
_HELD = "SELECT card FROM held_cards WHERE payment_id = ?"


class Journal:
    """The payments' memory. Use it on the event loop that opened it."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.readers = ReaderStore(database)
        self.keys = LocalKeyStore(database)
        self.answers = AnswerStore(database)

    @classmethod
    async def open(cls, path: Path, *, clock: Clock) -> Journal:
        """Open the file, made where missing, and check its newest entries.

        Raises JournalUnavailable, JournalNewerSchema or JournalBroken.
        """
        journal = cls(Database.open(path, steps=migrations()), clock=clock)
        try:
            journal._check_tail()
        except BaseException:
            await journal.aclose()
            raise
        return journal

    async def append(
        self,
        *entries: Entry,
        answer: StoredAnswer | None = None,
        held_card: bytes | None = None,
    ) -> Recorded:
        """Record entries of one payment; durable, all of them or none, on return.

        `held_card` is the reader's ciphertext, kept until the confirm has an outcome.
        Returns the last one as it stands in the journal.
        Raises JournalUnavailable, with nothing recorded; InternalError for a second
        request or end of one payment.
        """
        at = self._clock.now()

        def change(connection: sqlite3.Connection) -> Recorded:
            recorded = _append(connection, entries, at=at)
            if answer is not None:
                keep(connection, answer)
            if held_card is not None:
                connection.execute(_HOLD, (entries[0].payment_id, held_card))
            return recorded

        return await self._database.write(change)

    def entries_of(self, payment_id: PaymentId) -> list[Recorded]:
        """The payment's entries, oldest first."""
        return _recorded(self._database.read(_OF_PAYMENT, payment_id))

    def unfinished(self) -> list[PaymentId]:
        """The payments requested and not finished, oldest first."""
        return [PaymentId(row[0]) for row in self._database.read(_UNFINISHED)]

    def latest_payment(self, reader_id: ReaderId) -> PaymentId | None:
        """The payment last requested on this reader, finished or not."""
        rows = self._database.read(_LATEST, reader_id)
        return PaymentId(rows[0][0]) if rows else None

    def read(self, *, after: int = 0, limit: int = 100) -> list[Recorded]:
        """Up to `limit` entries that follow sequence number `after`."""
        return _recorded(self._database.read(_READ, after, limit))

    def held_card(self, payment_id: PaymentId) -> bytes | None:
        """The ciphertext held for this payment, while its outcome is open."""
        rows = self._database.read(_HELD, payment_id)
        return bytes(rows[0][0]) if rows else None

    def verify(self) -> VerifiedChain:
        """Check every entry; JournalBroken names the first that does not match.

        Reads the whole journal on this thread: for the command line, not the daemon.
        """
        return self._check(after=0)

    async def aclose(self) -> None:
        """Finish what is queued and close the file. Safe to call twice."""
        await self._database.aclose()

    def _check_tail(self) -> None:
        head = self._database.read(_HEAD)
        if head:
            self._check(after=max(0, head[0][0] - TAIL_LENGTH))

    def _check(self, *, after: int) -> VerifiedChain:
        previous = self._database.read(_HASH_OF, after)
        head = previous[0][0] if previous else GENESIS
        while rows := self._database.read(_READ, after, TAIL_LENGTH):
            head = _follow(rows, after=after, head=head)
            after = rows[-1][0]
        return VerifiedChain(entries=after, head=head)


def _append(
    connection: sqlite3.Connection, entries: Sequence[Entry], *, at: datetime
) -> Recorded:
    """Add the entries to the chain; the last one as it stands there."""
    seq, head = connection.execute(_HEAD).fetchone() or (0, GENESIS)
    at_text = time_text(at)
    for entry in entries:
        seq += 1
        kind, body = kind_of(entry), encode(entry)
        head = link(head, seq=seq, at=at_text, kind=kind, body=body)
        connection.execute(_APPEND, (seq, at_text, kind, body, head))
    return Recorded(seq=seq, at=at, entry=entries[-1], hash=head)


def _recorded(rows: Iterable[_Row]) -> list[Recorded]:
    return [
        Recorded(seq=seq, at=time_of(at), entry=_decoded(seq, kind, body), hash=hash_)
        for seq, at, kind, body, hash_ in rows
    ]


def _decoded(seq: int, kind: str, body: str) -> Entry:
    try:
        return decode(kind, body)
    except EntryUnreadable as error:
        raise JournalBroken(f"entry {seq} cannot be read: {error}") from error


def _follow(rows: Iterable[_Row], *, after: int, head: str) -> str:
    """The hash of the last row, once every row is seen to follow from `head`."""
    for seq, at, kind, body, hash_ in rows:
        after += 1
        if seq != after:
            raise JournalBroken(f"entry {after} is missing")
        if link(head, seq=seq, at=at, kind=kind, body=body) != hash_:
            raise JournalBroken(f"entry {seq} does not match its hash")
        _decoded(seq, kind, body)
        head = hash_
    return head
