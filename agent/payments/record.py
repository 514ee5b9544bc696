"""One payment under way: what is known of it, and its way into the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agent.errors import JournalError
from agent.events import EventBus, SignatureKept
from agent.ids import PaymentId
from agent.journal.answers import StoredAnswer
from agent.journal.details import Details, KeptFile, signature_id
from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    ActionSent,
    Entry,
    Performed,
)
from agent.journal.journal import Journal, Recorded
from agent.journal.offline import SealPayment
from agent.journal.offline_entries import OfflinePaymentVoided
from agent.log import get_logger
from agent.payments.narrator import phase_changed
from agent.payments.payment import Payment, apply, begin, fold
from drivers.reader import (
    CardPresented,
    CardRemoved,
    InputOption,
    TransactionEvent,
    TransactionFinished,
    Verdict,
)

log = get_logger(__name__)

NOTED_WITHIN_S = 0.05
"""How soon what was noted is on its way to the disk. A card that is quicker to end
costs one write instead of two; an inserted one may take seconds."""


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry, and the payment after it."""

    entry: Entry
    payment: Payment


class PaymentRecord:
    """The payment as the journal has it, and the only way to add to it.

    `add` is for what must be on disk before the next step: a confirm, a reversal.
    `note` is for what may reach the disk a little later: lost in a crash, it leaves an
    effect without an outcome, which recovery asks about.
    `end` is for the end, which is told once it can no longer be lost.
    """

    def __init__(self, payment: Payment, *, journal: Journal, events: EventBus) -> None:
        self.payment = payment
        self.sent_along: Mapping[str, Any] = {}
        """What the register sent and the entries do not tell, while this program runs."""
        self.card_ended: TransactionFinished | None = None
        """How the reader ended the read; None where nobody has heard of it."""
        self.is_card_inside = False
        """Whether a card was inserted and, as far as was heard, not pulled since."""
        self._journal = journal
        self._events = events
        self._writing: asyncio.Future[Recorded] | None = None
        self._noted: list[_Step] = []
        self._noted_timer: asyncio.TimerHandle | None = None

    def heard(self, event: TransactionEvent) -> None:
        """Keep where the card is, by what its reader tells."""
        match event:
            case CardPresented(option=InputOption.INSERT):
                self.is_card_inside = True
            case CardRemoved() | TransactionFinished(verdict=Verdict.CARD_REMOVED):
                self.is_card_inside = False
            case _:
                pass

    @classmethod
    def begin(
        cls,
        requested: ActionRequested,
        *sent: ActionSent,
        journal: Journal,
        events: EventBus,
        answer: Callable[[Payment], StoredAnswer] | None,
        details: Details | None = None,
    ) -> PaymentRecord:
        """Begin to write the first entry, with the register's idempotent answer beside it.

        `sent` follows at the same stroke where a reader of Stripe's is to act. Nothing
        has begun unless `durable` returns.
        """
        payment = begin(requested)
        record = cls(payment, journal=journal, events=events)
        record.sent_along = {} if details is None else details.content
        steps = [_Step(requested, payment), *_steps(payment, sent)]
        for step in steps:
            record._tell(step.payment)
        stored = None if answer is None else answer(record.payment)
        record._writing = asyncio.ensure_future(
            record._write_soon(*steps, answer=stored, details=details)
        )
        return record

    @classmethod
    def reopen(
        cls, payment_id: PaymentId, *, journal: Journal, events: EventBus
    ) -> PaymentRecord:
        """A payment that the journal already knows."""
        entries = journal.entries_of(payment_id)
        payment = fold(recorded.entry for recorded in entries)
        return cls(payment, journal=journal, events=events)

    async def add(
        self,
        *entries: Entry,
        held_card: bytes | None = None,
        answer: Callable[[Payment], StoredAnswer] | None = None,
        seal: SealPayment | None = None,
    ) -> None:
        """Write `entries` at one stroke; durable when this returns.

        `answer` makes the register's idempotent answer of the payment after them.

        Raises IllegalStep before anything is written, JournalUnavailable where it, or
        what was noted before, could not be.
        """
        await self.announce(*entries, held_card=held_card, answer=answer, seal=seal)
        await self.durable()

    async def announce(
        self,
        *entries: Entry,
        held_card: bytes | None = None,
        answer: Callable[[Payment], StoredAnswer] | None = None,
        seal: SealPayment | None = None,
    ) -> None:
        """As `add`, without waiting for the disk: whoever has the effect calls `durable`."""
        await self.durable()
        steps = _steps(self.payment, entries)
        payment = steps[-1].payment
        stored = None if answer is None else answer(payment)
        self._writing = self._begin_writing(
            *steps, answer=stored, held_card=held_card, seal=seal
        )
        self._tell(payment)

    def note(self, entry: Entry) -> None:
        """Move on at once; `entry` is written with the next, or soon by itself.

        Raises IllegalStep.
        """
        payment = apply(self.payment, entry)
        self._noted.append(_Step(entry, payment))
        self._noted_timer = asyncio.get_running_loop().call_later(
            NOTED_WITHIN_S, self._write_noted
        )
        self._tell(payment)

    async def end(
        self,
        entry: ActionFinished,
        *,
        after: Performed | None = None,
        details: Details | None = None,
    ) -> None:
        """Write the payment's last entry; nobody sees it before it is durable.

        `after` is written at the same stroke, and so is what came of it, apart. Raises
        as `add`.
        """
        await self.durable()
        entries: tuple[Entry, ...] = (entry,) if after is None else (after, entry)
        steps = _steps(self.payment, entries)
        self._writing = self._begin_writing(*steps, details=details)
        await self.durable()
        self._tell(steps[-1].payment)

    async def void(self, reason: str) -> None:
        """See to it that what was stored offline is never forwarded. Raises as `add`."""
        payment_id = self.payment.payment_id
        if payment_id in self._journal.offline.open_payments():
            await self._journal.offline.append(OfflinePaymentVoided(payment_id, reason))

    async def keep_signature(self, svg: str) -> None:
        """Keep what the cardholder has drawn, apart from the entries.

        The payment goes on without it where it cannot be kept.
        """
        reader_id, payment_id = self.payment.reader_id, self.payment.payment_id
        signature = KeptFile(signature_id(payment_id), svg.encode())
        try:
            await self._journal.details.keep_file(signature)
        except JournalError as error:
            log.warning(
                "payment.signature_lost", payment_id=payment_id, code=error.code
            )
        else:
            self._events.publish(SignatureKept(reader_id, payment_id))

    async def durable(self) -> None:
        """Return when all that is being written is on disk; raises JournalUnavailable."""
        while self._writing is not None:
            writing = self._writing
            # Shielded: who waits may be canceled, what was begun is written.
            await asyncio.shield(writing)
            if self._writing is writing:
                self._writing = None

    async def reload(self) -> bool:
        """Take the payment as the journal has it, once nothing is being written.

        False where the journal does not know it: then it never began.
        """
        self._take_noted()
        if self._writing is not None:
            with suppress(JournalError):
                await asyncio.shield(self._writing)
            self._writing = None
        entries = self._journal.entries_of(self.payment.payment_id)
        if entries:
            self.payment = fold(recorded.entry for recorded in entries)
        return bool(entries)

    async def _write_soon(
        self,
        *steps: _Step,
        answer: StoredAnswer | None = None,
        details: Details | None = None,
    ) -> Recorded:
        # Whoever is to ask for the card does so first: that takes longer than the disk.
        await asyncio.sleep(0)
        return await self._begin_writing(*steps, answer=answer, details=details)

    def _begin_writing(
        self,
        *steps: _Step,
        answer: StoredAnswer | None = None,
        held_card: bytes | None = None,
        details: Details | None = None,
        seal: SealPayment | None = None,
    ) -> asyncio.Future[Recorded]:
        steps = (*self._take_noted(), *steps)
        return self._journal.begin(
            *[step.entry for step in steps],
            folded=[step.payment for step in steps],
            answer=answer,
            held_card=held_card,
            details=details,
            seal=seal,
        )

    def _write_noted(self) -> None:
        self._writing = asyncio.ensure_future(self._write_soon(*self._take_noted()))

    def _take_noted(self) -> list[_Step]:
        noted, self._noted = self._noted, []
        if self._noted_timer is not None:
            self._noted_timer.cancel()
            self._noted_timer = None
        return noted

    def _tell(self, payment: Payment) -> None:
        self.payment = payment
        log.debug(
            "payment.phase",
            payment_id=payment.payment_id,
            reader_id=payment.reader_id,
            payment_intent=payment.payment_intent,
            phase=payment.phase,
            failure_code=payment.failure_code,
        )
        self._events.publish(phase_changed(payment))


def _steps(payment: Payment, entries: Iterable[Entry]) -> list[_Step]:
    """Each entry with the payment after it; raises IllegalStep."""
    steps = []
    for entry in entries:
        payment = apply(payment, entry)
        steps.append(_Step(entry, payment))
    return steps
