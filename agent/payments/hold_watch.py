"""Follows held money: warns before an authorization ends, and learns how a hold ended.

It captures nothing by itself, and warns of nothing that it has not just asked about:
the money may have been captured elsewhere. What it has said and learned is in the
journal, so that a restart repeats nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import EventBus
from agent.ids import PaymentId, PaymentIntentId
from agent.journal.entries import AuthorizationWarned, Entry, HoldEnded
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.payments.holds import is_held, lead_reached, next_look_s, warning_due
from agent.payments.narrator import authorization_expiring
from agent.payments.payment import Payment, apply, fold
from agent.settings import PaymentSettings
from agent.stripe_api import payment_intents
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import StripeRefused

log = get_logger(__name__)

LONGEST_WAIT_S = 900.0
"""Between two looks at the clock, which may have been set, and at the journal."""
RETRY_S = 60.0
"""Before Stripe, or the journal, is tried again."""
OF_ONE_INTENT = 100


@dataclass(frozen=True, slots=True)
class ExpiringHold:
    """Held money of which a warning is out, or would be if Stripe could be asked."""

    payment_id: PaymentId
    payment_intent: PaymentIntentId
    expires_at: int
    """Unix time."""


class HoldWatch:
    """The held money of this machine."""

    def __init__(
        self,
        *,
        journal: Journal,
        stripe: StripeClient,
        events: EventBus,
        clock: Clock,
        settings: PaymentSettings,
    ) -> None:
        self._journal = journal
        self._stripe = stripe
        self._events = events
        self._clock = clock
        self._leads_s = settings.authorization_warning_s
        self._ends: dict[PaymentId, int | None] = {}
        """When holds end, as Stripe has said while this watch runs."""
        self._expiring: dict[PaymentId, ExpiringHold] = {}
        self._changed: set[PaymentIntentId] = set()
        self._woken = asyncio.Event()

    def expiring(self) -> Sequence[ExpiringHold]:
        """What must be captured soon, as of the last look."""
        return list(self._expiring.values())

    def look(self, payment_intent: PaymentIntentId) -> None:
        """Ask Stripe soon about this one: something was done to it."""
        self._changed.add(payment_intent)
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        due_s = self._clock.monotonic()
        while True:
            wait_s = max(0.0, due_s - self._clock.monotonic())
            await self._wait(min(wait_s, RETRY_S) if self._changed else wait_s)
            try:
                await self._look_at_changed()
                if self._clock.monotonic() >= due_s:
                    due_s = self._clock.monotonic() + await self._look_at_all()
            except AgentError as error:
                log.info("holds.not_followed", code=error.code)
                due_s = self._clock.monotonic() + RETRY_S
            except Exception:
                # The outermost loop: a hold that breaks it must not end the agent.
                log.exception("holds.defect")
                due_s = self._clock.monotonic() + RETRY_S

    async def _wait(self, seconds: float) -> None:
        """Return then, or when something was done to a PaymentIntent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    async def _look_at_changed(self) -> None:
        """Ask about these; who could not be asked about is left for the next time."""
        changed, self._changed = self._changed, set()
        for intent in changed:
            found = self._journal.payments_of_intent(intent, limit=OF_ONE_INTENT)
            for payment in self._held(found):
                try:
                    await self._ask(payment)
                except StripeRefused as error:
                    log.info("hold.not_asked", payment_intent=intent, code=error.code)
                except AgentError:
                    self._changed.add(intent)

    async def _look_at_all(self) -> float:
        """Seconds until the next look at all of them."""
        wait_s, held = LONGEST_WAIT_S, set[PaymentId]()
        for payment in self._held(self._journal.holds()):
            held.add(payment.payment_id)
            try:
                wait_s = min(wait_s, await self._follow(payment))
            except AgentError as error:
                log.info(
                    "hold.not_asked", payment_id=payment.payment_id, code=error.code
                )
                if not isinstance(error, StripeRefused):
                    wait_s = RETRY_S
            # Some hundred holds must not keep a register waiting.
            await asyncio.sleep(0)
        for payment_id in self._ends.keys() - held:
            self._forget(payment_id)
        return wait_s

    async def _follow(self, payment: Payment) -> float:
        """Ask about one of them if its time has come; seconds until it comes again."""
        now_s = self._clock.now().timestamp()
        expires_at = self._ends.get(payment.payment_id, payment.capture_before)
        is_asked = payment.payment_id in self._ends
        is_over = expires_at is not None and now_s >= expires_at
        lead = warning_due(payment, expires_at, now_s=now_s, leads_s=self._leads_s)
        if is_over or lead is not None or (expires_at is None and not is_asked):
            self._note(payment, expires_at)
            await self._ask(payment)
            expires_at = self._ends.get(payment.payment_id)
        self._note(payment, expires_at)
        wait_s = next_look_s(expires_at, now_s=now_s, leads_s=self._leads_s)
        return LONGEST_WAIT_S if wait_s is None else wait_s

    async def _ask(self, payment: Payment) -> None:
        """Learn from Stripe whether it is held still, and warn if that is due.

        Raises what the upstream and the journal raise.
        """
        intent = await payment_intents.retrieve(self._stripe, payment.intent)
        if intent.status in {"succeeded", "canceled"}:
            await self._append(payment, HoldEnded(payment.payment_id, intent.status))
            self._forget(payment.payment_id)
            return
        expires_at = intent.capture_before or payment.capture_before
        self._ends[payment.payment_id] = expires_at
        now_s = self._clock.now().timestamp()
        lead = warning_due(payment, expires_at, now_s=now_s, leads_s=self._leads_s)
        if expires_at is None or lead is None:
            return
        warned = AuthorizationWarned(payment.payment_id, expires_at, lead_s=lead)
        await self._append(payment, warned)
        self._events.publish(authorization_expiring(payment, warned))

    async def _append(self, payment: Payment, entry: Entry) -> None:
        apply(payment, entry)
        await self._journal.append(entry)

    def _held(self, payment_ids: Iterable[PaymentId]) -> Iterable[Payment]:
        for payment_id in payment_ids:
            entries = self._journal.entries_of(payment_id)
            payment = fold(recorded.entry for recorded in entries)
            if is_held(payment):
                yield payment

    def _note(self, payment: Payment, expires_at: int | None) -> None:
        """Keep for health what must be captured soon, asked about or not."""
        now_s = self._clock.now().timestamp()
        lead = lead_reached(expires_at, now_s=now_s, leads_s=self._leads_s)
        if expires_at is None or lead is None:
            self._expiring.pop(payment.payment_id, None)
        else:
            self._expiring[payment.payment_id] = ExpiringHold(
                payment.payment_id, payment.intent, expires_at
            )

    def _forget(self, payment_id: PaymentId) -> None:
        self._ends.pop(payment_id, None)
        self._expiring.pop(payment_id, None)
