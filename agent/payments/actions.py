"""What registers ask of readers: begin, replace, cancel and watch actions.

One action per reader at a time. What was cut off is recovered before anything new
begins on its reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from agent.clock import Clock, doubling
from agent.errors import AgentError, ReaderOffline
from agent.events import EventBus
from agent.ids import PaymentId, Random, ReaderId, new_id
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ActionRequested
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.offline.vault import Vault
from agent.payments.asking import tip_question
from agent.payments.display import clear_display
from agent.payments.inspection import Order
from agent.payments.payment import Payment
from agent.payments.perform import Manner, perform
from agent.payments.prepare import Subject, check_able, check_unchanged, prepare
from agent.payments.record import PaymentRecord
from agent.payments.recover import recover
from agent.payments.running import Running, RunningActions, until_durable
from agent.payments.settlement import Settlement
from agent.payments.slot_watch import SlotWatch
from agent.payments.smart_actions import SmartActions, Tools
from agent.payments.states import Phase
from agent.payments.wanted import (
    Beginning,
    ConfirmPaymentIntent,
    SetReaderDisplay,
    Wanted,
    details_to_keep,
)
from agent.readers.fleet import Fleet
from agent.readers.server_driven import ServerDrivenReaders
from agent.readers.session import ReaderSession, ReaderStatus
from agent.settings import PaymentSettings
from agent.stripe_api.client import StripeClient
from agent.terminal_configuration.configurations import Configurations

log = get_logger(__name__)

RECOVERY_WAIT_S = 0.5
RECOVERY_WAIT_MAX_S = 30.0


class Actions:
    """The actions of every reader of this machine."""

    def __init__(
        self,
        *,
        journal: Journal,
        stripe: StripeClient,
        fleet: Fleet,
        configurations: Configurations,
        events: EventBus,
        clock: Clock,
        random: Random,
        settings: PaymentSettings,
        tasks: asyncio.TaskGroup,
        offline: Vault | None = None,
    ) -> None:
        self._journal = journal
        self._fleet = fleet
        self._configurations = configurations
        self._events = events
        self._random = random
        self._tasks = tasks
        self._settlement = Settlement(stripe, clock, settings, offline)
        self._running = RunningActions()
        self.smart = SmartActions(
            Tools(journal, events, random, tasks),
            readers=ServerDrivenReaders(stripe, clock=clock),
            settlement=self._settlement,
            running=self._running,
        )
        """Those on readers that Stripe drives; the others are begun here."""
        self._slots = SlotWatch(events=events, tasks=tasks)
        self._taking: dict[ReaderId, asyncio.Lock] = {}

    def start(self) -> None:
        """Take up what was cut off; its readers are busy until it has ended."""
        for payment_id in self._journal.unfinished():
            record = self._reopen(payment_id)
            if record.payment.sent is not None:
                self.smart.resume(record)
                continue
            running = self._running.begin(record)
            self._tasks.create_task(
                self._recover(running), name=f"recover {payment_id}"
            )
        for session in self._fleet.sessions():
            latest = self._journal.latest_payment(session.record.reader_id)
            if latest is not None:
                self._running.remember(self._reopen(latest).payment)

    def unsettled(self) -> list[Payment]:
        """Payments whose outcome at Stripe is not known yet."""
        payments = self._running.payments()
        return [payment for payment in payments if payment.phase is Phase.UNKNOWN]

    def is_idle(self, reader_id: ReaderId) -> bool:
        """Whether no action of this reader is under way or unsettled."""
        return self._running.is_idle(reader_id)

    def current(self, reader_id: ReaderId) -> Payment | None:
        """What the reader's `action` shows: under way, or the last one ended."""
        return self._running.current(reader_id) or self.smart.last(reader_id)

    async def begin(
        self,
        reader_id: ReaderId,
        wanted: Wanted,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment:
        """Begin; returns once the request is durable, with the card still to come.

        A collection that waits for its card, or with it for the order to charge it, is
        replaced; that order is what ConfirmPaymentIntent gives. Raises ResourceMissing,
        ReaderOffline, ReaderBusy, PaymentOutcomeUnknown, IntentInvalidState, and
        what the upstream and the journal raise: then nothing has begun.
        """
        session = self._fleet.session(reader_id)
        if isinstance(wanted, ConfirmPaymentIntent):
            return await self._confirm(reader_id, wanted, answer=answer)
        self._running.refuse_unless_free(reader_id)
        session.check_free()
        self._journal.check_usable()
        check_able(wanted, model=session.record.model)
        await session.first_attempt()
        subject = await prepare(
            wanted, self._settlement, location=session.record.location
        )
        manner = await self._manner(wanted, subject, session)
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            await self._running.replace(reader_id)
            self._running.refuse_if_elsewhere(
                subject.payment_intent, subject.setup_intent
            )
            _check_usable(session)
            running = self._running.begin(
                PaymentRecord.begin(
                    self._requested(reader_id, wanted, subject),
                    journal=self._journal,
                    events=self._events,
                    answer=answer,
                    details=details_to_keep(wanted, reader_id),
                )
            )
            self._tasks.create_task(
                self._perform(running, wanted, session, manner),
                name=f"payment {running.record.payment.payment_id}",
            )
            await until_durable(running)
            return running.record.payment

    async def cancel_action(self, reader_id: ReaderId) -> None:
        """End the reader's action; returns when the reader is idle, its screen too.

        Raises ResourceMissing, and ReaderBusy or PaymentOutcomeUnknown where the card
        was collected already.
        """
        session = self._fleet.session(reader_id)
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            await self._running.replace(reader_id)
            ended = self._running.current(reader_id)
            if ended is not None and ended.action == SetReaderDisplay.action:
                await clear_display(session)
            self._running.forget(reader_id)

    async def wait_finished(
        self, payment_id: PaymentId, *, timeout_s: float
    ) -> Payment:
        """The payment as it is when it has ended, or after `timeout_s`.

        Also when its card waits for the order to charge it.
        """
        running = self._running.of(payment_id)
        if running is None:
            return self._reopen(payment_id).payment
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await running.inspection.registers_turn.wait()
        return running.record.payment

    async def drain(self, *, timeout_s: float) -> None:
        """Wait for payments whose card was collected; the rest is for recovery."""
        await self._running.drain(timeout_s=timeout_s)

    async def _confirm(
        self,
        reader_id: ReaderId,
        wanted: ConfirmPaymentIntent,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment:
        """Charge the card that was collected; it waits on where that is refused."""
        running = self._running.collected(reader_id, wanted.payment_intent)
        await check_unchanged(running.record.payment, stripe=self._settlement.stripe)
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            return await running.inspection.charge(Order(wanted.parameters(), answer))

    def _requested(
        self, reader_id: ReaderId, wanted: Beginning, subject: Subject
    ) -> ActionRequested:
        return ActionRequested(
            payment_id=PaymentId(new_id("pay", self._random)),
            reader_id=reader_id,
            action=wanted.action,
            payment_intent=subject.payment_intent,
            amount=subject.amount,
            currency=subject.currency,
            parameters=wanted.parameters(),
            reference_digest=subject.reference_digest,
            setup_intent=subject.setup_intent,
            charge=subject.charge,
        )

    def _reopen(self, payment_id: PaymentId) -> PaymentRecord:
        return PaymentRecord.reopen(
            payment_id, journal=self._journal, events=self._events
        )

    async def _manner(
        self, wanted: Beginning, subject: Subject, session: ReaderSession
    ) -> Manner:
        """How the card is taken; raises what a question for a tip raises."""
        tip = await tip_question(
            wanted, subject, session=session, configurations=self._configurations
        )
        return Manner(tip, subject.course)

    async def _perform(
        self,
        running: Running,
        wanted: Beginning,
        session: ReaderSession,
        manner: Manner,
    ) -> None:
        """One action's task: its straight line, and recovery where that breaks."""
        await self._slots.stop(session.record.reader_id)
        try:
            await perform(
                wanted,
                running.record,
                session=session,
                settlement=self._settlement,
                events=self._events,
                cancellation=running.cancellation,
                inspection=running.inspection,
                manner=manner,
            )
        except Exception as error:  # noqa: BLE001 - outermost: others' payments go on
            _log_broken(running, error)
            await self._recover(running)
        else:
            self._running.end(running)
        self._slots.begin(running.record, session)

    async def _recover(self, running: Running) -> None:
        """Until the payment has ended; its reader takes nothing new before."""
        waits = doubling(RECOVERY_WAIT_S, max_s=RECOVERY_WAIT_MAX_S)
        while not running.record.payment.is_finished:
            try:
                if not await running.record.reload():
                    break
                await recover(
                    running.record, journal=self._journal, settlement=self._settlement
                )
            except Exception as error:  # noqa: BLE001 - outermost: retried until ended
                _log_broken(running, error)
                running.at_rest.set()
                await self._settlement.clock.sleep(next(waits))
        self._running.end(running)


def _log_broken(running: Running, error: Exception) -> None:
    code = error.code if isinstance(error, AgentError) else type(error).__name__
    log.error(
        "payment.interrupted",
        payment_id=running.record.payment.payment_id,
        code=code,
        exc_info=not isinstance(error, AgentError),
    )


def _check_usable(session: ReaderSession) -> None:
    session.check_free()
    if session.status is not ReaderStatus.ONLINE:
        raise ReaderOffline(f"Reader {session.record.reader_id} is currently offline.")
