"""One action under way at a reader of Stripe's: what is known of it beside the journal."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from agent.errors import AgentError
from agent.journal.entries import AnswerLost
from agent.log import get_logger
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.readers.server_driven import ServerDrivenReaders
from agent.stripe_api import errors, terminal_readers

log = get_logger(__name__)

UNKNOWN_AFTER_S = 20.0
"""How long Stripe may not say what becomes of an action before it counts as unknown."""


@dataclass(slots=True)
class Course:
    """One action under way at a reader of Stripe's."""

    record: PaymentRecord
    readers: ServerDrivenReaders
    settlement: Settlement
    started_s: float
    """On the settlement's clock."""
    begun: asyncio.Future[AgentError | None] = field(repr=False)
    """None once the reader has the action, or may have it; else why it has not."""
    gone_code: str | None = None
    """Why a reader that has the action no more never had it, or lost it."""
    canceled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    """A register has canceled it."""
    seen_s: float = 0.0
    """When Stripe last said what becomes of it."""
    is_offline: bool = False
    """Whether Stripe has heard nothing of the reader for a while."""
    doubtful_until_s: float = 0.0
    stop_again_s: float = 0.0

    @property
    def payment(self) -> Payment:
        """The payment as it stands."""
        return self.record.payment

    @property
    def now_s(self) -> float:
        """The time on the clock of `started_s`."""
        return self.settlement.clock.monotonic()

    def has_begun(self, refusal: AgentError | None = None) -> None:
        """Tell whoever waits for the beginning; only the first word counts."""
        if not self.begun.done():
            self.begun.set_result(refusal)

    async def cancel(self) -> None:
        """Have Stripe cancel the action for a register; `watch` hears of it.

        Raises ReaderNotReady and what else Stripe's client raises.
        """
        stripe, reader_id = self.settlement.stripe, self.payment.reader_id
        self.canceled.set()  # first, so that no repeat follows what cancels it
        try:
            reader = await terminal_readers.cancel_action(stripe, reader_id)
        except errors.AnswerLost:
            raise
        except AgentError:
            self.canceled.clear()
            raise
        self.readers.heard(reader.shown)

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until a register cancels."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.canceled.wait()


async def miss(course: Course, reason: str) -> None:
    """Stripe does not say what has become of the action, this time."""
    if course.now_s - course.seen_s >= UNKNOWN_AFTER_S:
        await lose_sight(course, reason)


async def lose_sight(course: Course, reason: str) -> None:
    """From here on the outcome counts as unknown, until Stripe tells it."""
    payment = course.payment
    log.warning("payment.outcome_unknown", payment_id=payment.payment_id, reason=reason)
    if payment.phase is Phase.SENT:
        await course.record.add(AnswerLost(payment.payment_id, reason=reason))
    course.has_begun()
