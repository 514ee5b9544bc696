"""The journal: entries appended before and after every effect, durable and chained."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from agent.clock import Clock
from agent.errors import JournalUnavailable
from agent.events import Event
from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.answers import AnswerStore, StoredAnswer, keep
from agent.journal.audit import AuditStore
from agent.journal.codec import PAYMENT_KINDS
from agent.journal.db import Database
from agent.journal.details import Details, DetailStore, keep_details
from agent.journal.entries import Entry, HoldBegan
from agent.journal.entry_table import EntryTable, RawEntry, RecordedEntry, VerifiedChain
from agent.journal.event_log import EventLog
from agent.journal.fleet import FleetStore
from agent.journal.keys import LocalKeyStore
from agent.journal.leases import LeaseStore
from agent.journal.migrations import migrations
from agent.journal.offline import OfflineStore, SealPayment
from agent.journal.offline_entries import Forwarded
from agent.journal.readers import ReaderStore
from agent.journal.terminal_objects import TerminalObjectStore
from agent.journal.updates import UpdateStore
from agent.journal.webhook_endpoints import WebhookEndpointStore

Recorded = RecordedEntry[Entry]
"""An entry of a payment with its place in the journal."""

_UNFINISHED = "SELECT payment_id FROM unfinished ORDER BY requested_seq"
_HOLDS = "SELECT payment_id FROM holds ORDER BY confirmed_seq"
_LATEST = (
    "SELECT payment_id FROM entries WHERE kind = 'action_requested'"
    " AND reader_id = ? ORDER BY seq DESC LIMIT 1"
)
# Word for word as the indexes have it, or SQLite would read the whole journal.
OF_INTENT = (
    "SELECT payment_id FROM entries WHERE kind = 'action_requested'"
    " AND json_extract(body, '$.payment_intent') = ? ORDER BY seq DESC LIMIT ?"
)
OF_REFERENCE = (
    "SELECT payment_id FROM entries WHERE kind = 'action_requested'"
    " AND json_extract(body, '$.reference_digest') = ? ORDER BY seq DESC LIMIT ?"
)
# By number: an index would make SQLite sort all requests. Without what takes no card.
NEWEST = (
    "SELECT payment_id FROM entries WHERE kind = 'action_requested' AND seq < ?"
    " AND json_extract(body, '$.action') NOT IN ('collect_inputs', 'set_reader_display')"
    " ORDER BY seq DESC LIMIT ?"
)
_ALL = 2**62
_HOLD = "INSERT OR REPLACE INTO held_cards (payment_id, card) VALUES (?,?)"
_HELD = "SELECT card FROM held_cards WHERE payment_id = ?"

_TRY = (
    "INSERT INTO answers (key, fingerprint, status, body, at) VALUES ('','',0,x'','')"
)
_UNTRIED = "DELETE FROM answers WHERE key = ''"


class Narrator(Protocol):
    """Says what an entry means to registers: agent.payments.narrator."""

    def events_of(
        self, entries: Sequence[Entry], folded: Sequence[Any]
    ) -> Sequence[Event]:
        """What is told with these entries, of one payment and about to be written.

        `folded` is the payment after each, as far as somebody has worked that out.
        """
        ...

    def forget(self, payment_id: PaymentId) -> None:
        """They could not be written: the payment is as it was on the disk."""
        ...


class Journal:
    """The payments' memory. Use it on the event loop that opened it."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._entries = EntryTable(
            database, table="entries", subject="payment_id", kinds=PAYMENT_KINDS
        )
        self.narrator: Narrator | None = None
        """Tells registers of entries; None where there is nobody to tell."""
        self.events = EventLog(database, clock=clock)
        self.updates = UpdateStore(database, clock=clock, events=self.events)
        self.endpoints = WebhookEndpointStore(database)
        self.offline = OfflineStore(database, clock=clock, events=self.events)
        self.readers = ReaderStore(database)
        self.audit = AuditStore(database, clock=clock)
        self.leases = LeaseStore(database, audit=self.audit)
        self.fleet = FleetStore(database, audit=self.audit)
        self.keys = LocalKeyStore(database)
        self.answers = AnswerStore(database)
        self.details = DetailStore(database, clock=clock)
        self.terminal = TerminalObjectStore(database)

    @classmethod
    async def open(cls, path: Path, *, clock: Clock) -> Journal:
        """Open the file, made where missing, and check its newest entries.

        Raises JournalUnavailable, JournalNewerSchema or JournalBroken.
        """
        journal = cls(Database.open(path, steps=migrations()), clock=clock)
        try:
            journal._entries.check_tail()
            journal.updates.check_tail()
            journal.audit.check_tail()
        except BaseException:
            await journal.aclose()
            raise
        return journal

    async def append(
        self,
        *entries: Entry,
        answer: StoredAnswer | None = None,
        held_card: bytes | None = None,
        seal: SealPayment | None = None,
        details: Details | None = None,
    ) -> Recorded:
        """Record entries of one payment; durable, all of them or none, on return.

        As `begin`. Raises JournalUnavailable, with nothing recorded; InternalError for
        a second request or end of one payment.
        """
        return await self.begin(
            *entries, answer=answer, held_card=held_card, seal=seal, details=details
        )

    def begin(
        self,
        *entries: Entry,
        answer: StoredAnswer | None = None,
        held_card: bytes | None = None,
        seal: SealPayment | None = None,
        details: Details | None = None,
        folded: Sequence[Any] = (),
    ) -> asyncio.Future[Recorded]:
        """Begin to record entries of one payment, in the order of these calls.

        What the narrator has to tell of them is recorded in the same transaction.
        `held_card` is the reader's ciphertext, kept until the confirm has an outcome.
        `seal` makes what is stored of an offline payment, at the same stroke.
        `details` are what is kept of the action for a day, apart from its entries.
        `folded` spares the narrator work: the payment after each entry.
        The future ends, with the last one as it stands in the journal, once all of them
        are durable, or with the errors of `append`. Raises JournalUnavailable where the
        journal is closed.
        """
        at = self._clock.now()

        def change(connection: sqlite3.Connection) -> Recorded:
            recorded = self._entries.append(connection, entries, at=at)
            if answer is not None:
                keep(connection, answer)
            if held_card is not None:
                connection.execute(_HOLD, (entries[0].payment_id, held_card))
            if seal is not None:
                self.offline.store(connection, seal, at=at)
            if details is not None:
                keep_details(connection, details, entries[0].payment_id, at=at)
            return recorded

        if self.narrator is None:
            return self._database.begin(change)
        forget = partial(self.narrator.forget, entries[0].payment_id)
        try:
            told = self.narrator.events_of(entries, folded)
        except BaseException:
            forget()
            raise
        return self.events.begin(change, told, at=at, lost=forget)

    async def begin_hold(
        self, forwarded: Forwarded, began: HoldBegan, *, told: Sequence[Event]
    ) -> None:
        """Record that a stored payment was forwarded, and that its money is held.

        Durable, both of them or neither, on return. Raises as `append`.
        """

        def beside(connection: sqlite3.Connection, at: datetime) -> None:
            self._entries.append(connection, [began], at=at)

        await self.offline.append(forwarded, told=told, beside=beside)

    def entries_of(self, payment_id: PaymentId) -> list[Recorded]:
        """The payment's entries, oldest first."""
        return self._entries.of(payment_id)

    def unfinished(self) -> list[PaymentId]:
        """The payments requested and not finished, oldest first."""
        return [PaymentId(row[0]) for row in self._database.read(_UNFINISHED)]

    def holds(self) -> list[PaymentId]:
        """The payments whose money is held, for all the journal knows, oldest first."""
        return [PaymentId(row[0]) for row in self._database.read(_HOLDS)]

    def latest_payment(self, reader_id: ReaderId) -> PaymentId | None:
        """The payment last requested on this reader, finished or not."""
        rows = self._database.read(_LATEST, reader_id)
        return PaymentId(rows[0][0]) if rows else None

    def newest_payments(self, *, before: int | None, limit: int) -> list[PaymentId]:
        """The payments last requested, newest first; `before` that entry, if given.

        Forms and carts are none.
        """
        rows = self._database.read(NEWEST, _ALL if before is None else before, limit)
        return [PaymentId(row[0]) for row in rows]

    def payments_of_intent(
        self, payment_intent: PaymentIntentId, *, limit: int
    ) -> list[PaymentId]:
        """The payments that were to pay this PaymentIntent, newest first.

        Of a payment stored offline, by the register's id of it as well as by Stripe's.
        """
        rows = self._database.read(OF_INTENT, payment_intent, limit)
        found = [PaymentId(row[0]) for row in rows]
        forwarded = self.offline.forwarded_as(payment_intent, limit=limit)
        return [*found, *(each for each in forwarded if each not in found)][:limit]

    def payments_of_reference(self, digest: str, *, limit: int) -> list[PaymentId]:
        """The payments requested with this `reference_digest`, newest first."""
        rows = self._database.read(OF_REFERENCE, digest, limit)
        return [PaymentId(row[0]) for row in rows]

    def read(self, *, after: int = 0, limit: int = 100) -> list[Recorded]:
        """Up to `limit` entries that follow sequence number `after`."""
        return self._entries.read(after=after, limit=limit)

    def held_card(self, payment_id: PaymentId) -> bytes | None:
        """The ciphertext held for this payment, while its outcome is open."""
        rows = self._database.read(_HELD, payment_id)
        return bytes(rows[0][0]) if rows else None

    def export(self, *, since: datetime, until: datetime) -> Iterator[RawEntry]:
        """The entries of that time as they are on disk, oldest first."""
        return self._entries.export(since=since, until=until)

    def verify(self) -> VerifiedChain:
        """Check every entry of payments; JournalBroken names the first that is bad.

        Reads the whole journal on this thread: for the command line, not the daemon.
        """
        return self._entries.check()

    def verify_others(self) -> dict[str, VerifiedChain]:
        """Check the other chains, by the names they have outside; as `verify`."""
        return {
            "updates": self.updates.verify(),
            "audit": self.audit.verify(),
            "offline": self.offline.verify(),
        }

    def measured_by(self, measure: Callable[[int, float], None]) -> None:
        """Tell `measure` of every commit: how many changes, and how long it took."""
        self._database.measured_by(measure)

    def check_usable(self) -> None:
        """Raise JournalUnavailable where no payment may begin: see journal/troubles."""
        self._database.check_usable()

    async def trouble(self, *, timeout_s: float) -> JournalUnavailable | None:
        """Why nothing can be written; tried anew where the last write has failed."""
        if self._database.trouble is None:
            return None
        # One that waits for a lock longer than this says nothing new.
        with suppress(JournalUnavailable, TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._database.write(_try)
        return self._database.trouble

    async def pulse(self) -> None:
        """Return when the writer has come round, be it with a refusal of the disk."""
        with suppress(JournalUnavailable):
            await self._database.write(lambda _: None)

    async def aclose(self) -> None:
        """Finish what is queued and close the file. Safe to call twice."""
        await self._database.aclose()


def _try(connection: sqlite3.Connection) -> None:
    """Write, and leave nothing behind; an Idempotency-Key is never empty."""
    connection.execute(_TRY)
    connection.execute(_UNTRIED)
