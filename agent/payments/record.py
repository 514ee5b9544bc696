"""One payment under way: every entry is durable before the payment moves on."""

from __future__ import annotations

from collections.abc import Callable

from agent.events import EventBus, PhaseChanged
from agent.ids import PaymentId
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ActionRequested, Entry
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.payments.payment import Payment, apply, begin, fold

log = get_logger(__name__)


class PaymentRecord:
    """The payment as the journal has it, and the only way to add to it."""

    def __init__(self, payment: Payment, *, journal: Journal, events: EventBus) -> None:
        self.payment = payment
        self._journal = journal
        self._events = events

    @classmethod
    async def begin(
        cls,
        requested: ActionRequested,
        *,
        journal: Journal,
        events: EventBus,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> PaymentRecord:
        """Write the first entry, with the register's idempotent answer beside it.

        Raises JournalUnavailable, and then nothing has begun.
        """
        payment = begin(requested)
        stored = None if answer is None else answer(payment)
        await journal.append(requested, answer=stored)
        record = cls(payment, journal=journal, events=events)
        record._tell()
        return record

    @classmethod
    def reopen(
        cls, payment_id: PaymentId, *, journal: Journal, events: EventBus
    ) -> PaymentRecord:
        """A payment that the journal already knows."""
        entries = journal.entries_of(payment_id)
        payment = fold(recorded.entry for recorded in entries)
        return cls(payment, journal=journal, events=events)

    async def add(self, entry: Entry, *, held_card: bytes | None = None) -> None:
        """Write `entry`; the payment has moved on when this returns.

        Raises IllegalStep before anything is written, JournalUnavailable where it
        could not be.
        """
        moved = apply(self.payment, entry)
        await self._journal.append(entry, held_card=held_card)
        self.payment = moved
        self._tell()

    def reload(self) -> None:
        """Take the payment as the journal has it, after a write of unknown fate."""
        entries = self._journal.entries_of(self.payment.payment_id)
        self.payment = fold(recorded.entry for recorded in entries)

    def _tell(self) -> None:
        payment = self.payment
        log.info(
            "payment.phase",
            payment_id=payment.payment_id,
            reader_id=payment.reader_id,
            payment_intent=payment.payment_intent,
            phase=payment.phase,
            failure_code=payment.failure_code,
        )
        self._events.publish(
            PhaseChanged(payment.reader_id, payment.payment_id, phase=payment.phase)
        )
