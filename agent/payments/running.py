"""The actions under way: at most one a reader, and what may take its place."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from agent.errors import (
    IntentInvalidState,
    JournalUnavailable,
    PaymentOutcomeUnknown,
    ReaderBusy,
)
from agent.ids import PaymentId, PaymentIntentId, ReaderId, SetupIntentId
from agent.journal.entries import Outcome
from agent.log import get_logger
from agent.payments.cancellation import Cancellation
from agent.payments.inspection import NOT_COLLECTED, Inspection
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.states import REPLACEABLE, Phase

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """One action under way."""

    record: PaymentRecord
    cancellation: Cancellation = field(default_factory=Cancellation)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    """It has ended, or it cannot be ended before the journal works again."""
    inspection: Inspection = field(default_factory=Inspection)


class RunningActions:
    """Which action runs on which reader, and which one ended last."""

    def __init__(self) -> None:
        self._running: dict[ReaderId, Running] = {}
        self._last: dict[ReaderId, Payment] = {}

    def begin(self, record: PaymentRecord) -> Running:
        """From now on this is what its reader does."""
        running = Running(record)
        self._running[record.payment.reader_id] = running
        return running

    def end(self, running: Running) -> None:
        """Its reader is free; whoever waited hears of it."""
        payment = running.record.payment
        if payment.outcome in {None, Outcome.CANCELED}:
            self._last.pop(payment.reader_id, None)
        else:
            self._last[payment.reader_id] = payment
        del self._running[payment.reader_id]
        running.ended.set()
        running.at_rest.set()
        running.inspection.registers_turn.set()
        # Behind those who waited for this: no register waits for a log.
        asyncio.get_running_loop().call_soon(_log_end, payment)

    def remember(self, payment: Payment) -> None:
        """What ended last on its reader, before this program began."""
        if payment.reader_id not in self._running:
            self._last[payment.reader_id] = payment

    def forget(self, reader_id: ReaderId) -> None:
        """Show no ended action any more."""
        self._last.pop(reader_id, None)

    def is_idle(self, reader_id: ReaderId) -> bool:
        """Whether no action of this reader is under way or unsettled."""
        return reader_id not in self._running

    def current(self, reader_id: ReaderId) -> Payment | None:
        """What the reader's `action` shows: under way, or the last one ended."""
        running = self._running.get(reader_id)
        return self._last.get(reader_id) if running is None else running.record.payment

    def payments(self) -> list[Payment]:
        """Of every action under way."""
        return [running.record.payment for running in self._running.values()]

    def of(self, payment_id: PaymentId) -> Running | None:
        """The action under way with this id."""
        for running in self._running.values():
            if running.record.payment.payment_id == payment_id:
                return running
        return None

    def refuse_unless_free(self, reader_id: ReaderId) -> None:
        """Raises ReaderBusy or PaymentOutcomeUnknown where nothing may take its place."""
        running = self._running.get(reader_id)
        if running is None or running.record.payment.phase in REPLACEABLE:
            return
        if running.record.payment.phase is Phase.UNKNOWN:
            raise PaymentOutcomeUnknown(
                f"Payment {running.record.payment.payment_id} on reader {reader_id} "
                "is not settled yet; Stripe is being asked."
            )
        raise ReaderBusy("Reader is currently busy processing another request.")

    def refuse_if_elsewhere(
        self,
        payment_intent: PaymentIntentId | None,
        setup_intent: SetupIntentId | None,
    ) -> None:
        """One intent at two readers: a lost answer could be taken for the other's.

        Raises IntentInvalidState.
        """
        for reader_id, running in self._running.items():
            payment = running.record.payment
            if payment_intent and payment.payment_intent == payment_intent:
                param, name = "payment_intent", str(payment_intent)
            elif setup_intent and payment.setup_intent == setup_intent:
                param, name = "setup_intent", str(setup_intent)
            else:
                continue
            raise IntentInvalidState(
                f"{name} is being processed by reader {reader_id}.", param=param
            )

    def collected(
        self, reader_id: ReaderId, payment_intent: PaymentIntentId
    ) -> Running:
        """The action whose card waits for the order to charge it.

        Raises as `refuse_unless_free`, and IntentInvalidState where no card was
        collected for this intent.
        """
        self.refuse_unless_free(reader_id)
        running = self._running.get(reader_id)
        is_collected = (
            running is not None
            and running.inspection.is_open
            and running.record.payment.payment_intent == payment_intent
        )
        if running is None or not is_collected:
            raise IntentInvalidState(NOT_COLLECTED, param="payment_intent")
        return running

    async def replace(self, reader_id: ReaderId) -> None:
        """End an action that waits for a card or an order; raises where that came first.

        A collection looks for the cancellation before it leaves its REPLACEABLE phase,
        so what ends here has charged nobody. Raises as `refuse_unless_free`, and
        JournalUnavailable.
        """
        self.refuse_unless_free(reader_id)
        running = self._running.get(reader_id)
        if running is None:
            return
        await running.cancellation.request()
        await running.at_rest.wait()
        if not running.ended.is_set():
            raise JournalUnavailable(
                f"Payment {running.record.payment.payment_id} on reader {reader_id} "
                "was stopped, and that cannot be written down."
            )

    async def drain(self, *, timeout_s: float) -> None:
        """Wait for actions whose card was collected; the rest is for recovery.

        What Stripe's readers do goes on without this program.
        """
        under_way = [
            running.ended.wait()
            for running in self._running.values()
            if running.record.payment.phase not in REPLACEABLE | {Phase.SENT}
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*under_way)


async def until_durable(running: Running) -> None:
    """The reader may ask for the card meanwhile; without the entry it stops.

    Raises JournalUnavailable.
    """
    try:
        await running.record.durable()
    except JournalUnavailable:
        await running.cancellation.request()
        await running.at_rest.wait()
        raise


def _log_end(payment: Payment) -> None:
    log.info(
        "payment.ended",
        payment_id=payment.payment_id,
        reader_id=payment.reader_id,
        payment_intent=payment.payment_intent,
        phase=payment.phase,
        failure_code=payment.failure_code,
    )
