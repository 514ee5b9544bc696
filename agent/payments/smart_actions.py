"""Actions on Stripe's smart readers: begun, replaced, canceled, taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

from agent.clock import doubling
from agent.errors import (
    AgentError,
    IntentInvalidState,
    JournalUnavailable,
    PaymentOutcomeUnknown,
)
from agent.events import EventBus
from agent.ids import PaymentId, Random, ReaderId, new_id
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ActionRequested, ActionSent
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.payments.at_stripe import carry_out, watch
from agent.payments.at_the_reader import COLLECTING, AtWork, standing
from agent.payments.course import Course
from agent.payments.evidence import Before, look_before
from agent.payments.failures import PAYMENT_INTERRUPTED
from agent.payments.forwarded import ForwardedAction
from agent.payments.inspection import NOT_COLLECTED
from agent.payments.payment import CONFIRM, Payment, fold
from agent.payments.record import PaymentRecord
from agent.payments.reference import reference_digest
from agent.payments.replacing import check_replacement
from agent.payments.running import Running, RunningActions
from agent.payments.sending import IN_DOUBT_S
from agent.payments.settlement import Settlement
from agent.readers.server_driven import ServerDrivenReaders
from agent.stripe_api import terminal_readers
from agent.stripe_api.terminal_readers import StripesReader

log = get_logger(__name__)

END_WITHIN_S = 15.0
"""How long an action that Stripe has canceled may take to be settled."""
RETRY_S, RETRY_MAX_S = 0.5, 30.0
"""Between attempts to go on where the journal failed."""

Answered = Callable[[Payment], StoredAnswer]


@dataclass(frozen=True, slots=True)
class Tools:
    """What an action is written down and told with."""

    journal: Journal
    events: EventBus
    random: Random
    tasks: asyncio.TaskGroup


class SmartActions:
    """One action at a time on each of Stripe's readers."""

    def __init__(
        self,
        tools: Tools,
        *,
        readers: ServerDrivenReaders,
        settlement: Settlement,
        running: RunningActions,
    ) -> None:
        """`running` is shared with the readers of this machine."""
        self._tools = tools
        self.readers = readers
        self._settlement = settlement
        self._running = running
        self._courses: dict[ReaderId, Course] = {}
        self._taking: dict[ReaderId, asyncio.Lock] = {}

    def resume(self, record: PaymentRecord) -> None:
        """Watch an action that went on while this program did not."""
        running = self._running.begin(record)
        course = self._course(record)
        sent_at = self._tools.journal.entries_of(record.payment.payment_id)[0].at
        age_s = (self._settlement.clock.now() - sent_at).total_seconds()
        course.started_s -= max(0.0, age_s)
        course.gone_code = PAYMENT_INTERRUPTED
        course.doubtful_until_s = course.started_s + IN_DOUBT_S
        self._start(self._resumed(running, course), record)

    def last(self, reader_id: ReaderId) -> Payment | None:
        """The newest action on the reader, as the journal has it."""
        journal = self._tools.journal
        payment_id = journal.latest_payment(reader_id)
        if payment_id is None:
            return None
        payment = fold(recorded.entry for recorded in journal.entries_of(payment_id))
        return None if payment.sent is None else payment

    async def begin(
        self, reader_id: ReaderId, wanted: ForwardedAction, *, answer: Answered | None
    ) -> Payment:
        """Send the action; returns when the reader has it, or that is not known.

        What the reader does is replaced where Stripe allows it. Raises Stripe's own
        refusals (StripeRefused, ReaderNotReady among them), StripeUnreachable,
        IntentInvalidState, PaymentOutcomeUnknown and JournalUnavailable: then the
        reader does nothing for this request.
        """
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            reader, before = await self._prepared(reader_id, wanted)
            if not self._running.is_idle(reader_id):
                check_replacement(wanted, before)
                await self._make_way(reader_id, wanted)
                # What was there has left something, perhaps.
                reader, before = await self._prepared(reader_id, wanted)
            self._running.refuse_if_elsewhere(
                wanted.payment_intent, wanted.setup_intent
            )
            self.readers.heard(reader.shown)
            record = self._recorded(reader_id, wanted, before, answer=answer)
            running, course = self._running.begin(record), self._course(record)
            try:
                await record.durable()
            except JournalUnavailable:
                self._end(running)
                raise
            self._start(self._carried_out(running, course, wanted), record)
            refusal = await asyncio.shield(course.begun)
        if refusal is not None:
            await self._forget(answer, record.payment)
            raise refusal
        return record.payment

    async def cancel_action(self, reader_id: ReaderId) -> None:
        """Have Stripe cancel what the reader does; returns when that is settled.

        Raises as `begin`.
        """
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            if not self._running.is_idle(reader_id):
                await self._cancel(reader_id)
            else:
                reader = await terminal_readers.cancel_action(
                    self._settlement.stripe, reader_id
                )
                self.readers.heard(reader.shown)
            self._running.forget(reader_id)

    async def _make_way(self, reader_id: ReaderId, wanted: ForwardedAction) -> None:
        """End what the reader does; a card that was collected stays to be confirmed."""
        current = self._running.current(reader_id)
        if self._running.is_idle(reader_id) or current is None:
            return
        is_confirmed = (
            current.action == COLLECTING
            and wanted.action == CONFIRM
            and wanted.payment_intent == current.payment_intent
        )
        if not is_confirmed and wanted.action == CONFIRM:
            raise IntentInvalidState(NOT_COLLECTED, param="payment_intent")
        if not is_confirmed:
            await self._cancel(reader_id)
            return
        reader = await self.readers.look(reader_id)
        if isinstance(standing(current, reader), AtWork):
            raise IntentInvalidState(
                "Payment intent must be in the requires_confirmation state to be "
                f"confirmed by a reader; {reader_id} still waits for its card.",
                param="payment_intent",
            )
        self.readers.heard(reader.shown)
        await self._is_over(current.payment_id)

    async def _cancel(self, reader_id: ReaderId) -> None:
        course = self._courses[reader_id]
        payment_id = course.payment.payment_id
        await course.cancel()
        if not await self._is_over(payment_id):
            raise PaymentOutcomeUnknown(
                f"Payment {payment_id} on reader {reader_id} is not settled yet; "
                "Stripe is being asked."
            )

    async def _is_over(self, payment_id: PaymentId) -> bool:
        running = self._running.of(payment_id)
        if running is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN_S):
                    await running.ended.wait()
        return running is None or running.ended.is_set()

    async def _prepared(
        self, reader_id: ReaderId, wanted: ForwardedAction
    ) -> tuple[StripesReader, Before]:
        """What there is before anything happens, asked for at once.

        Of two refusals the reader's counts, as at Stripe.
        """
        stripe = self._settlement.stripe
        reader, before = await asyncio.gather(
            terminal_readers.retrieve(stripe, reader_id),
            look_before(stripe, wanted),
            return_exceptions=True,
        )
        if isinstance(reader, BaseException):
            raise reader
        if isinstance(before, BaseException):
            raise before
        return reader, before

    def _recorded(
        self,
        reader_id: ReaderId,
        wanted: ForwardedAction,
        before: Before,
        *,
        answer: Answered | None,
    ) -> PaymentRecord:
        payment_id = PaymentId(new_id("pay", self._tools.random))
        requested = ActionRequested(
            payment_id=payment_id,
            reader_id=reader_id,
            action=wanted.action,
            payment_intent=before.payment_intent,
            setup_intent=wanted.setup_intent,
            charge=before.charge,
            amount=before.amount,
            currency=before.currency,
            parameters=wanted.parameters(),
            reference_digest=reference_digest(before.reference),
        )
        sent = ActionSent(
            payment_id,
            f"cardlane-{payment_id}",
            before=before.newest,
        )
        return PaymentRecord.begin(
            requested,
            sent,
            journal=self._tools.journal,
            events=self._tools.events,
            answer=answer,
        )

    def _course(self, record: PaymentRecord) -> Course:
        course = Course(
            record,
            readers=self.readers,
            settlement=self._settlement,
            started_s=self._settlement.clock.monotonic(),
            begun=asyncio.get_running_loop().create_future(),
        )
        self._courses[record.payment.reader_id] = course
        return course

    def _start(self, work: Coroutine[None, None, None], record: PaymentRecord) -> None:
        self._tools.tasks.create_task(work, name=f"payment {record.payment.payment_id}")

    async def _carried_out(
        self, running: Running, course: Course, wanted: ForwardedAction
    ) -> None:
        """One action's task: its straight line, and watching on where that breaks."""
        try:
            await carry_out(course, wanted.form_of(course.payment.payment_id))
        except Exception as error:  # noqa: BLE001 - outermost: others' payments go on
            _log_broken(course, error)
            course.has_begun()
            await self._resumed(running, course)
        else:
            self._end(running)

    async def _resumed(self, running: Running, course: Course) -> None:
        """Until the action has ended; its reader takes nothing new before."""
        waits = doubling(RETRY_S, max_s=RETRY_MAX_S)
        while not course.payment.is_finished:
            try:
                if not await course.record.reload():
                    break
                await watch(course)
            except Exception as error:  # noqa: BLE001 - outermost: retried until ended
                _log_broken(course, error)
                running.at_rest.set()
                await self._settlement.clock.sleep(next(waits))
        self._end(running)

    def _end(self, running: Running) -> None:
        del self._courses[running.record.payment.reader_id]
        self._running.end(running)

    async def _forget(self, answer: Answered | None, payment: Payment) -> None:
        """A request that was refused has not been answered yet."""
        if answer is not None:
            await self._tools.journal.answers.forget(answer(payment).key)


def _log_broken(course: Course, error: Exception) -> None:
    code = error.code if isinstance(error, AgentError) else type(error).__name__
    log.error(
        "payment.interrupted",
        payment_id=course.payment.payment_id,
        code=code,
        exc_info=not isinstance(error, AgentError),
    )
