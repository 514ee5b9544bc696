"""The payments stored without network: their entries, durable and chained.

A damaged entry stops nobody here: it is told by `audit`, and the others are read on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.clock import Clock
from agent.events import Event
from agent.ids import PaymentId, PaymentIntentId
from agent.journal.chain import GENESIS, link
from agent.journal.codec import EntryUnreadable, Kinds, time_of, time_text
from agent.journal.db import Database
from agent.journal.entry_table import (
    EntryTable,
    RawEntry,
    RecordedEntry,
    VerifiedChain,
)
from agent.journal.event_log import EventLog
from agent.journal.offline_entries import (
    ForwardDeclined,
    Forwarded,
    ForwardFailed,
    ForwardStarted,
    OfflineEntry,
    OfflinePaymentStored,
    OfflinePaymentVoided,
)

OFFLINE_KINDS: Kinds[OfflineEntry] = Kinds(
    {
        "offline_payment_stored": OfflinePaymentStored,
        "offline_payment_voided": OfflinePaymentVoided,
        "forward_started": ForwardStarted,
        "forwarded": Forwarded,
        "forward_declined": ForwardDeclined,
        "forward_failed": ForwardFailed,
    }
)
"""The names these entries have on disk; part of the hash chain, so never renamed."""

RecordedOffline = RecordedEntry[OfflineEntry]

SealedPayment = tuple[OfflinePaymentStored, bytes]
SealPayment = Callable[[int], SealedPayment]
"""Makes the entry, and what is kept apart, for the number that the payment gets.

Called on the journal's thread, within the transaction: it touches nothing else.
"""

Beside = Callable[[sqlite3.Connection, datetime], object]
"""Writes elsewhere in the journal, within the transaction of an entry."""

MOST_MISSING = 100
"""Named in one gap; what is beyond it is as damaged."""

_NEXT_NUMBER = (
    "SELECT count(*) + 1 FROM offline_entries WHERE kind = 'offline_payment_stored'"
)
_KEEP = "INSERT INTO offline_sealed (payment_id, sealed) VALUES (?,?)"
_SEALED = "SELECT sealed FROM offline_sealed WHERE payment_id = ?"
# Word for word as the indexes have it, or SQLite would read the whole table.
_OPEN = (
    "SELECT payment_id FROM offline_entries AS stored"
    " WHERE kind = 'offline_payment_stored' AND NOT EXISTS"
    " (SELECT 1 FROM offline_entries AS ended WHERE ended.payment_id = stored.payment_id"
    " AND ended.kind IN ('forwarded', 'forward_declined', 'offline_payment_voided'))"
    " ORDER BY seq"
)
_LAST_KIND = (
    "(SELECT kind FROM offline_entries AS latest"
    " WHERE latest.payment_id = stored.payment_id ORDER BY seq DESC LIMIT 1)"
)
_TOTALS = (
    f"SELECT {_LAST_KIND}, json_extract(body, '$.currency'), count(*),"  # noqa: S608 - constants only
    " sum(json_extract(body, '$.amount')) FROM offline_entries AS stored"
    " WHERE kind = 'offline_payment_stored' GROUP BY 1, 2"
)
_OLDEST_OPEN = _OPEN.replace("SELECT payment_id", "SELECT at") + " LIMIT 1"
_LATEST = (
    "SELECT payment_id FROM offline_entries WHERE kind = 'offline_payment_stored'"
    " ORDER BY seq DESC LIMIT ?"
)
_OF_INTENT = (
    "SELECT payment_id FROM offline_entries WHERE kind = 'offline_payment_stored'"
    " AND json_extract(body, '$.payment_intent') = ? ORDER BY seq DESC"
)
_FORWARDED_AS = (
    "SELECT payment_id FROM offline_entries WHERE kind = 'forwarded'"
    " AND json_extract(body, '$.payment_intent') = ? ORDER BY seq DESC LIMIT ?"
)
_ALL = (
    "SELECT seq, at, kind, body, hash FROM offline_entries"
    " WHERE seq > ? ORDER BY seq LIMIT 500"
)
_VANISHED = (
    "SELECT payment_id FROM entries WHERE kind = 'stored_offline' AND NOT EXISTS"
    " (SELECT 1 FROM offline_entries AS stored"
    " WHERE stored.payment_id = entries.payment_id"
    " AND stored.kind = 'offline_payment_stored')"
)
_PUT_INTENT = (
    "INSERT OR REPLACE INTO offline_intents (payment_intent, at, sealed) VALUES (?,?,?)"
)
_INTENT = "SELECT sealed FROM offline_intents WHERE payment_intent = ?"


class DamageKind(StrEnum):
    """What an entry or a payment suffered."""

    CHANGED = "changed"
    """The entry does not match its hash, or cannot be read."""
    MISSING = "missing"
    """Its number is skipped."""
    VANISHED = "vanished"
    """The payments' own journal says it was stored, and it is not."""


@dataclass(frozen=True, slots=True)
class OfflineDamage:
    """Somebody, or a failing disk, has changed what was stored."""

    kind: DamageKind
    seq: int | None
    """The entry's; None where there is none."""
    payment_id: PaymentId | None
    """Whose it is, as far as anything still tells."""


@dataclass(frozen=True, slots=True)
class OfflineTotal:
    """Stored payments that stand alike."""

    last_kind: str
    """Of their newest entry, as a name of `OFFLINE_KINDS`."""
    currency: str
    payments: int
    amount: int
    """Minor units."""


class OfflineStore:
    """The tables of stored payments. Raises JournalUnavailable."""

    def __init__(self, database: Database, *, clock: Clock, events: EventLog) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._entries = EntryTable(
            database,
            table="offline_entries",
            subject="payment_id",
            kinds=OFFLINE_KINDS,
            noun="entry of offline payments",
        )

    def store(
        self, connection: sqlite3.Connection, seal: SealPayment, *, at: datetime
    ) -> None:
        """Add a payment within a transaction under way."""
        (number,) = connection.execute(_NEXT_NUMBER).fetchone()
        entry, sealed = seal(number)
        self._entries.append(connection, [entry], at=at)
        connection.execute(_KEEP, (entry.payment_id, sealed))

    async def append(
        self,
        entry: OfflineEntry,
        *,
        told: Sequence[Event] = (),
        beside: Beside | None = None,
    ) -> RecordedOffline:
        """Record it, and at one stroke what others are told; durable when this returns.

        So is what is written `beside` it.

        Raises InternalError for a second end of one payment.
        """
        at = self._clock.now()

        def change(connection: sqlite3.Connection) -> RecordedOffline:
            if beside is not None:
                beside(connection, at)
            return self._entries.append(connection, [entry], at=at)

        return await self._events.write(change, told, at=at)

    def entries_of(self, payment_id: PaymentId) -> list[RecordedOffline]:
        """The payment's entries, oldest first; raises JournalBroken for a damaged one."""
        return self._entries.of(payment_id)

    def open_payments(self) -> list[PaymentId]:
        """Those that Stripe has neither taken nor declined, oldest first."""
        return [PaymentId(row[0]) for row in self._database.read(_OPEN)]

    def totals(self) -> list[OfflineTotal]:
        """All payments ever stored, by where they stand and by currency."""
        return [OfflineTotal(*row) for row in self._database.read(_TOTALS)]

    def oldest_open(self) -> datetime | None:
        """When the oldest payment that Stripe still needs was stored."""
        rows = self._database.read(_OLDEST_OPEN)
        return time_of(rows[0][0]) if rows else None

    def latest(self, limit: int) -> list[PaymentId]:
        """The payments last stored, newest first."""
        return [PaymentId(row[0]) for row in self._database.read(_LATEST, limit)]

    def payments_of_intent(self, payment_intent: PaymentIntentId) -> list[PaymentId]:
        """The payments stored for this PaymentIntent, newest first."""
        rows = self._database.read(_OF_INTENT, payment_intent)
        return [PaymentId(row[0]) for row in rows]

    def forwarded_as(
        self, payment_intent: PaymentIntentId, *, limit: int
    ) -> list[PaymentId]:
        """The payments that are this PaymentIntent at Stripe, newest first."""
        rows = self._database.read(_FORWARDED_AS, payment_intent, limit)
        return [PaymentId(row[0]) for row in rows]

    def sealed(self, payment_id: PaymentId) -> bytes | None:
        """What is kept, sealed, of a payment that Stripe still needs."""
        rows = self._database.read(_SEALED, payment_id)
        return bytes(rows[0][0]) if rows else None

    async def put_intent(self, payment_intent: PaymentIntentId, sealed: bytes) -> None:
        """Keep a PaymentIntent that was made here, as it is now."""
        at = time_text(self._clock.now())
        await self._database.execute(_PUT_INTENT, payment_intent, at, sealed)

    def intent(self, payment_intent: PaymentIntentId) -> bytes | None:
        """The PaymentIntent made here, sealed."""
        rows = self._database.read(_INTENT, payment_intent)
        return bytes(rows[0][0]) if rows else None

    def audit(self) -> list[OfflineDamage]:
        """All that is damaged, in its order; reads on behind each damage."""
        vanished = [
            OfflineDamage(DamageKind.VANISHED, None, PaymentId(row[0]))
            for row in self._database.read(_VANISHED)
        ]
        return [*self._damaged_entries(), *vanished]

    def export(self, *, since: datetime, until: datetime) -> Iterator[RawEntry]:
        """The entries of that time as they are on disk, oldest first."""
        return self._entries.export(since=since, until=until)

    def verify(self) -> VerifiedChain:
        """Check every entry; JournalBroken names the first that is bad."""
        return self._entries.check()

    def _damaged_entries(self) -> Iterator[OfflineDamage]:
        after, head = 0, GENESIS
        while rows := self._database.read(_ALL, after):
            for seq, at, kind, body, hash_ in rows:
                missing = range(after + 1, min(seq, after + 1 + MOST_MISSING))
                for each in missing:
                    yield OfflineDamage(DamageKind.MISSING, each, None)
                # Behind a gap nothing says what this entry followed.
                expected = link(head, seq=seq, at=at, kind=kind, body=body)
                if not missing and (expected != hash_ or not _is_readable(kind, body)):
                    yield OfflineDamage(DamageKind.CHANGED, seq, _payment_in(body))
                after, head = seq, hash_


def _is_readable(kind: str, body: str) -> bool:
    try:
        OFFLINE_KINDS.decode(kind, body)
    except EntryUnreadable:
        return False
    return True


def _payment_in(body: str) -> PaymentId | None:
    try:
        payment_id = json.loads(body)["payment_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return PaymentId(payment_id) if isinstance(payment_id, str) else None
