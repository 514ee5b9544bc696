"""Forwards stored payments, oldest first, for as long as there are any.

Entry, effect, entry: whatever ends the program between two entries, the same question is
asked again under the same idempotency key.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import assert_never

from agent.clock import Clock, doubling
from agent.errors import AgentError
from agent.events import (
    Event,
    EventBus,
    OfflineForwardingFailed,
    OfflinePaymentDeclined,
    OfflinePaymentForwarded,
    OfflineRecordDamaged,
    name_of,
)
from agent.ids import PaymentId, ReaderId
from agent.journal.entries import ActionFinished, HoldBegan, Outcome
from agent.journal.journal import Journal
from agent.journal.offline import OfflineDamage
from agent.journal.offline_entries import (
    ForwardDeclined,
    Forwarded,
    ForwardFailed,
    ForwardStarted,
    OfflinePaymentVoided,
)
from agent.log import get_logger
from agent.offline.errors import ForwardingRefused, OfflineKeyMissing, RecordDamaged
from agent.offline.forwarding import NotNow, Unknown, forward_once
from agent.offline.opening import opened, stored_payment
from agent.offline.records import StoredContent
from agent.offline.states import OfflinePayment, OfflineState, apply
from agent.settings import OfflineKey, OfflineSettings
from agent.stripe_api.client import StripeClient

log = get_logger(__name__)

FIRST_WAIT_S = 1.0
"""Between two attempts; doubles up to `offline.forward_retry_max_s`."""
KEY_KEPT_FOR = timedelta(hours=23)
"""Stripe may forget an idempotency key after 24 hours; then it is asked first."""


class Forwarder:
    """The one who forwards."""

    def __init__(
        self,
        *,
        journal: Journal,
        stripe: StripeClient,
        key: OfflineKey | None,
        events: EventBus,
        clock: Clock,
        settings: OfflineSettings,
        livemode: bool,
    ) -> None:
        self._journal = journal
        self._stripe = stripe
        self._key = key
        self._events = events
        self._clock = clock
        self._settings = settings
        self._livemode = livemode
        self._wanted = asyncio.Event()
        self._with_failed = True
        self._told: set[OfflineDamage] = set()
        self.last_damages: list[OfflineDamage] = []
        """What the last look through the store has found."""
        self.problem: AgentError | None = None
        """What kept the last round from forwarding; None where nothing did."""

    def wake(self, *, with_failed: bool = False) -> None:
        """Forward soon; `with_failed` tries those again that have failed."""
        self._with_failed = self._with_failed or with_failed
        self._wanted.set()

    def damages(self) -> list[OfflineDamage]:
        """All that is damaged, told by an event and a line in the log the first time."""
        found = self._journal.offline.audit()
        for damage in found:
            if damage not in self._told:
                self._told.add(damage)
                log.error(
                    "offline.record_damaged",
                    kind=damage.kind,
                    seq=damage.seq,
                    payment_id=damage.payment_id,
                )
                self._events.publish(
                    OfflineRecordDamaged(
                        None, damage.payment_id, seq=damage.seq, damage=damage.kind
                    )
                )
        self.last_damages = found
        return found

    async def run(self) -> None:
        """Forward whatever is stored; ends by cancellation."""
        waits = doubling(FIRST_WAIT_S, max_s=self._settings.forward_retry_max_s)
        while True:
            self._wanted.clear()
            try:
                if self._with_failed:
                    self.damages()
                is_done = await self._round()
            except Exception:
                # The outermost loop: what is stored stays stored, and is tried again.
                log.exception("offline.forwarding_broken")
                is_done = False
            if is_done:
                waits = doubling(FIRST_WAIT_S, max_s=self._settings.forward_retry_max_s)
                await self._wanted.wait()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(next(waits)):
                        await self._wanted.wait()

    async def _round(self) -> bool:
        """Once through the queue; whether nothing is left that time will mend."""
        with_failed, self._with_failed = self._with_failed, False
        is_done = True
        under_way = set(self._journal.unfinished())
        for payment_id in self._journal.offline.open_payments():
            if payment_id in under_way:
                continue  # The card still has its say; its end wakes us.
            outcome = await self._forward(payment_id, with_failed=with_failed)
            match outcome:
                case NotNow(error=error):
                    self.problem = error
                    self._with_failed = self._with_failed or with_failed
                    return False
                case Unknown(reason=reason):
                    is_done = False
                    log.warning(
                        "offline.outcome_unknown", payment_id=payment_id, reason=reason
                    )
                case _:
                    continue
        self.problem = None
        return is_done

    async def _forward(
        self, payment_id: PaymentId, *, with_failed: bool
    ) -> NotNow | Unknown | None:
        """One payment; None where it is settled, or somebody has to look."""
        try:
            payment = stored_payment(self._journal, payment_id)
        except RecordDamaged as damaged:
            # Its entries cannot be trusted with another one; `damages` tells of it.
            log.error("offline.failed", payment_id=payment_id, code=damaged.code)
            return None
        if payment.state is OfflineState.FAILED and not with_failed:
            return None
        if await self._is_void(payment):
            return None
        try:
            content = opened(
                self._journal, payment, key=self._key, livemode=self._livemode
            )
        except OfflineKeyMissing as missing:
            return NotNow(missing)
        except ForwardingRefused as refused:
            if payment.failure_code != refused.code:
                failed = ForwardFailed(payment_id, refused.code, refused.message)
                await self._end(payment, failed)
            return None
        return await self._send(payment, content)

    async def _send(
        self, payment: OfflinePayment, content: StoredContent
    ) -> NotNow | Unknown | None:
        is_new = payment.state is not OfflineState.FORWARDING
        looks_first = (payment.attempts > 0 and is_new) or self._is_old(payment)
        if is_new:
            started = ForwardStarted(payment.stored.payment_id, _next_key(payment))
            await self._journal.offline.append(started)
            payment = apply(payment, started)
        outcome = await forward_once(
            payment, content, stripe=self._stripe, looks_first=looks_first
        )
        if isinstance(outcome, NotNow | Unknown):
            return outcome
        await self._end(payment, outcome)
        return None

    async def _is_void(self, payment: OfflinePayment) -> bool:
        """Whether its action has ended in another way than with the payment taken."""
        payment_id = payment.stored.payment_id
        ends = [
            recorded.entry
            for recorded in self._journal.entries_of(payment_id)
            if isinstance(recorded.entry, ActionFinished)
        ]
        if not ends or ends[0].outcome is Outcome.SUCCEEDED:
            return False
        if payment.state is OfflineState.QUEUED:
            voided = OfflinePaymentVoided(payment_id, reason="the action failed")
            await self._journal.offline.append(voided)
        return True

    def _is_old(self, payment: OfflinePayment) -> bool:
        """Whether Stripe may have forgotten a key under which it was asked.

        A restored backup may not know that it was: what counts is when it was stored,
        and a clock that stands before that tells nothing.
        """
        first = self._journal.offline.entries_of(payment.stored.payment_id)[0]
        return not timedelta() <= self._clock.now() - first.at <= KEY_KEPT_FOR

    async def _end(
        self,
        payment: OfflinePayment,
        entry: Forwarded | ForwardDeclined | ForwardFailed,
    ) -> None:
        """What became of it, with the event that tells of it, at one stroke."""
        event = _event_of(entry, reader_id=payment.stored.reader_id)
        if isinstance(entry, Forwarded) and entry.status == "requires_capture":
            await self._journal.begin_hold(entry, _hold_of(entry), told=[event])
        else:
            await self._journal.offline.append(entry, told=[event])
        self._events.publish(event)
        write = log.info if isinstance(entry, Forwarded) else log.error
        code = None if isinstance(entry, Forwarded) else entry.code
        write(name_of(event), payment_id=entry.payment_id, code=code)


def _event_of(
    entry: Forwarded | ForwardDeclined | ForwardFailed, *, reader_id: ReaderId
) -> Event:
    match entry:
        case Forwarded():
            return OfflinePaymentForwarded(
                reader_id,
                entry.payment_id,
                payment_intent=entry.payment_intent,
                charge=entry.charge,
            )
        case ForwardDeclined():
            return OfflinePaymentDeclined(
                reader_id,
                entry.payment_id,
                payment_intent=entry.payment_intent,
                failure_code=entry.code,
                decline_code=entry.decline_code,
            )
        case ForwardFailed():
            return OfflineForwardingFailed(
                reader_id, entry.payment_id, failure_code=entry.code
            )
        case _:
            assert_never(entry)


def _hold_of(forwarded: Forwarded) -> HoldBegan:
    """For those who follow held money."""
    return HoldBegan(
        forwarded.payment_id,
        forwarded.payment_intent,
        charge=forwarded.charge,
        capture_before=forwarded.capture_before,
    )


def _next_key(payment: OfflinePayment) -> str:
    """A new key only after a refusal: the first is that of the payment's own confirm."""
    key = f"cardlane-{payment.stored.payment_id}"
    return key if payment.attempts == 0 else f"{key}-{payment.attempts + 1}"
