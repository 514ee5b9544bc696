"""What registers ask of readers: begin, replace, cancel and watch actions.

One action per reader at a time. What was cut off is recovered before anything new
begins on its reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from agent.clock import Clock, doubling
from agent.errors import (
    AgentError,
    IntentInvalidState,
    JournalUnavailable,
    PaymentOutcomeUnknown,
    ReaderBusy,
    ReaderOffline,
)
from agent.events import EventBus
from agent.ids import PaymentId, PaymentIntentId, Random, ReaderId, new_id
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ActionRequested, Outcome
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.payments.collect import Cancellation, process_payment_intent
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.recover import recover
from agent.payments.reference import reference_digest
from agent.payments.settlement import Settlement
from agent.payments.states import REPLACEABLE, Phase
from agent.readers.fleet import Fleet
from agent.readers.session import ReaderSession, ReaderStatus
from agent.settings import PaymentSettings
from agent.stripe_api import payment_intents
from agent.stripe_api.client import StripeClient

log = get_logger(__name__)

RECOVERY_WAIT_S = 0.5
RECOVERY_WAIT_MAX_S = 30.0


@dataclass(frozen=True, slots=True)
class ProcessPaymentIntent:
    """`process_payment_intent` as a register sends it; None is "not sent"."""

    payment_intent: PaymentIntentId
    skip_tipping: bool | None = None
    enable_customer_cancellation: bool | None = None
    allow_redisplay: str | None = None
    return_url: str | None = None
    amount_eligible: int | None = None

    def parameters(self) -> dict[str, str | int | bool]:
        """What was sent besides the intent, flat."""
        sent = {
            "skip_tipping": self.skip_tipping,
            "enable_customer_cancellation": self.enable_customer_cancellation,
            "allow_redisplay": self.allow_redisplay,
            "return_url": self.return_url,
            "amount_eligible": self.amount_eligible,
        }
        return {name: value for name, value in sent.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Running:
    record: PaymentRecord
    cancellation: Cancellation = field(default_factory=Cancellation)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    """It has ended, or it cannot be ended before the journal works again."""


class Actions:
    """The actions of every reader of this machine."""

    def __init__(
        self,
        *,
        journal: Journal,
        stripe: StripeClient,
        fleet: Fleet,
        events: EventBus,
        clock: Clock,
        random: Random,
        settings: PaymentSettings,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._journal = journal
        self._stripe = stripe
        self._fleet = fleet
        self._events = events
        self._random = random
        self._settings = settings
        self._tasks = tasks
        self._settlement = Settlement(stripe, clock, settings)
        self._running: dict[ReaderId, _Running] = {}
        self._last: dict[ReaderId, Payment] = {}
        self._taking: dict[ReaderId, asyncio.Lock] = {}

    def start(self) -> None:
        """Take up what was cut off; its readers are busy until it has ended."""
        for payment_id in self._journal.unfinished():
            running = _Running(self._reopen(payment_id))
            self._running[running.record.payment.reader_id] = running
            self._tasks.create_task(
                self._recover(running), name=f"recover {payment_id}"
            )
        for session in self._fleet.sessions():
            reader_id = session.record.reader_id
            latest = self._journal.latest_payment(reader_id)
            if latest is not None and reader_id not in self._running:
                self._last[reader_id] = self._reopen(latest).payment

    def unsettled(self) -> list[Payment]:
        """Payments whose outcome at Stripe is not known yet."""
        payments = [running.record.payment for running in self._running.values()]
        return [payment for payment in payments if payment.phase is Phase.UNKNOWN]

    def is_idle(self, reader_id: ReaderId) -> bool:
        """Whether no payment of this reader is under way or unsettled."""
        return reader_id not in self._running

    def current(self, reader_id: ReaderId) -> Payment | None:
        """What the reader's `action` shows: under way, or the last one ended."""
        running = self._running.get(reader_id)
        return self._last.get(reader_id) if running is None else running.record.payment

    async def process_payment_intent(
        self,
        reader_id: ReaderId,
        request: ProcessPaymentIntent,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment:
        """Begin; returns once the request is durable, with the card still to come.

        A collection that waits for its card is replaced. Raises ResourceMissing,
        ReaderOffline, ReaderBusy, PaymentOutcomeUnknown, IntentInvalidState, and
        what the upstream and the journal raise: then nothing has begun.
        """
        session = self._fleet.session(reader_id)
        self._refuse_unless_free(reader_id)
        session.check_free()
        await session.first_attempt()
        intent = await payment_intents.retrieve(self._stripe, request.payment_intent)
        _check_processable(intent)
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            await self._replace(reader_id)
            self._refuse_if_elsewhere(intent)
            _check_usable(session)
            record = PaymentRecord.begin(
                ActionRequested(
                    payment_id=PaymentId(new_id("pay", self._random)),
                    reader_id=reader_id,
                    action="process_payment_intent",
                    payment_intent=request.payment_intent,
                    amount=intent.amount,
                    currency=intent.currency,
                    parameters=request.parameters(),
                    reference_digest=reference_digest(intent.reference),
                ),
                journal=self._journal,
                events=self._events,
                answer=answer,
            )
            running = _Running(record)
            self._running[reader_id] = running
            self._tasks.create_task(
                self._process(running, session),
                name=f"payment {record.payment.payment_id}",
            )
            await self._until_durable(running)
            return record.payment

    async def cancel_action(self, reader_id: ReaderId) -> None:
        """End the reader's action; returns when the reader is idle.

        Raises ResourceMissing, and ReaderBusy or PaymentOutcomeUnknown where the card
        was collected already.
        """
        self._fleet.session(reader_id)
        async with self._taking.setdefault(reader_id, asyncio.Lock()):
            await self._replace(reader_id)
            self._last.pop(reader_id, None)

    async def wait_finished(
        self, payment_id: PaymentId, *, timeout_s: float
    ) -> Payment:
        """The payment as it is when it has ended, or after `timeout_s`."""
        for running in self._running.values():
            if running.record.payment.payment_id == payment_id:
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s):
                        await running.ended.wait()
                return running.record.payment
        return self._reopen(payment_id).payment

    async def drain(self, *, timeout_s: float) -> None:
        """Wait for payments whose card was collected; the rest is for recovery."""
        under_way = [
            running.ended.wait()
            for running in self._running.values()
            if running.record.payment.phase not in REPLACEABLE
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*under_way)

    def _reopen(self, payment_id: PaymentId) -> PaymentRecord:
        return PaymentRecord.reopen(
            payment_id, journal=self._journal, events=self._events
        )

    def _refuse_unless_free(self, reader_id: ReaderId) -> None:
        running = self._running.get(reader_id)
        if running is None or running.record.payment.phase in REPLACEABLE:
            return
        if running.record.payment.phase is Phase.UNKNOWN:
            raise PaymentOutcomeUnknown(
                f"Payment {running.record.payment.payment_id} on reader {reader_id} "
                "is not settled yet; Stripe is being asked."
            )
        raise ReaderBusy("Reader is currently busy processing another request.")

    def _refuse_if_elsewhere(self, intent: payment_intents.PaymentIntent) -> None:
        """One intent at two readers: a lost answer could be taken for the other's."""
        for reader_id, running in self._running.items():
            if running.record.payment.payment_intent == intent.id:
                raise IntentInvalidState(
                    f"{intent.id} is being processed by reader {reader_id}.",
                    param="payment_intent",
                )

    async def _replace(self, reader_id: ReaderId) -> None:
        """End a collection that waits for a card; raises where the card came first.

        A collection looks for the cancellation before it leaves its REPLACEABLE phase,
        so what ends here has charged nobody.
        """
        self._refuse_unless_free(reader_id)
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

    async def _until_durable(self, running: _Running) -> None:
        """The reader may ask for the card meanwhile; without the entry it stops."""
        try:
            await running.record.durable()
        except JournalUnavailable:
            await running.cancellation.request()
            await running.at_rest.wait()
            raise

    async def _process(self, running: _Running, session: ReaderSession) -> None:
        """One payment's task: its straight line, and recovery where that breaks."""
        try:
            await process_payment_intent(
                running.record,
                session=session,
                settlement=self._settlement,
                settings=self._settings,
                events=self._events,
                cancellation=running.cancellation,
            )
        except Exception as error:  # noqa: BLE001 - outermost: others' payments go on
            self._log_broken(running, error)
            await self._recover(running)
        else:
            self._end(running)

    async def _recover(self, running: _Running) -> None:
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
                self._log_broken(running, error)
                running.at_rest.set()
                await self._settlement.clock.sleep(next(waits))
        self._end(running)

    def _log_broken(self, running: _Running, error: Exception) -> None:
        code = error.code if isinstance(error, AgentError) else type(error).__name__
        log.error(
            "payment.interrupted",
            payment_id=running.record.payment.payment_id,
            code=code,
            exc_info=not isinstance(error, AgentError),
        )

    def _end(self, running: _Running) -> None:
        payment = running.record.payment
        if payment.outcome in {None, Outcome.CANCELED}:
            self._last.pop(payment.reader_id, None)
        else:
            self._last[payment.reader_id] = payment
        del self._running[payment.reader_id]
        running.ended.set()
        running.at_rest.set()
        # Behind those who waited for this: no register waits for a log.
        asyncio.get_running_loop().call_soon(_log_end, payment)


def _log_end(payment: Payment) -> None:
    log.info(
        "payment.ended",
        payment_id=payment.payment_id,
        reader_id=payment.reader_id,
        payment_intent=payment.payment_intent,
        phase=payment.phase,
        failure_code=payment.failure_code,
    )


def _check_usable(session: ReaderSession) -> None:
    session.check_free()
    if session.status is not ReaderStatus.ONLINE:
        raise ReaderOffline(f"Reader {session.record.reader_id} is currently offline.")


def _check_processable(intent: payment_intents.PaymentIntent) -> None:
    if intent.status != "requires_payment_method":
        raise IntentInvalidState(
            "Payment intent must be in the requires_payment_method state to be "
            f"processed by a reader; {intent.id} is {intent.status}.",
            param="payment_intent",
        )
