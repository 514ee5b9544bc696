"""What holds of three tills once all trouble has ended: of money, words, events, files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crash_invariants import (
    check_kept_cards,
    check_refunds,
    check_words,
    payments_of,
)
from flow_agent import Agent
from flow_invariants import documented_codes
from flow_world import World
from told_invariants import check_events

from agent.ids import PaymentId
from agent.journal.entries import (
    ActionSent,
    ConfirmStarted,
    Outcome,
    Reversed,
)
from agent.offline.opening import stored_payment
from agent.offline.states import OfflinePayment, OfflineState
from agent.payments.evidence import PAYING
from agent.payments.payment import Payment

NEVER_CHARGED = {OfflineState.DECLINED, OfflineState.VOIDED, OfflineState.FAILED}
"""Of what was stored: who took it was told so afterwards, or has to look."""


async def check(
    world: World, agent: Agent, intents: list[str], told: dict[PaymentId, Any]
) -> None:
    """Everything that must hold of these intents, and of all that was ever told."""
    check_words(agent, told)
    check_events(agent)
    await check_kept_cards(world, agent)
    await check_refunds(world, agent)
    agent.journal.verify_others()
    assert agent.journal.offline.audit() == []
    book = Book.of(agent)
    for intent in intents:
        await book.check_money(world, intent)


@dataclass(frozen=True)
class Book:
    """All payments of the journal, ready to be held against Stripe."""

    payments: dict[PaymentId, Payment]
    stored: dict[PaymentId, OfflinePayment]
    """What became of those that were accepted offline."""
    announced: set[PaymentId]
    """Those of which the journal said beforehand that Stripe might charge."""
    reversed: set[PaymentId]
    held: set[PaymentId]
    """Those whose money is watched."""

    @classmethod
    def of(cls, agent: Agent) -> Book:
        """What the journal says now."""
        journal, payments = agent.journal, payments_of(agent)
        stored = {
            payment_id: stored_payment(journal, payment_id)
            for payment_id, payment in payments.items()
            if payment.is_stored_offline
        }
        entries = [one.entry for one in journal.read(limit=100_000)]
        announcing = (ActionSent, ConfirmStarted)
        sent = {one.payment_id for one in entries if isinstance(one, announcing)}
        sent |= {each for each, payment in stored.items() if payment.attempts}
        back = {one.payment_id for one in entries if isinstance(one, Reversed)}
        return cls(payments, stored, sent, back, set(journal.holds()))

    async def check_money(self, world: World, intent: str) -> None:
        """One charge at most, told as success or given back, and always announced."""
        mine = [*self._paying(intent)]
        charges = await self._charges(world, intent, mine)
        paid = [charge for charge in charges if charge["paid"]]
        taken = [payment for payment in mine if self._has_taken(payment)]
        assert len(paid) <= 1, "the cardholder was charged twice"
        assert len(paid) == len(taken), "a lie about money"
        is_announced = any(each.payment_id in self.announced for each in mine)
        assert not charges or is_announced, "a charge that nobody has announced"
        if any(each.outcome is Outcome.DECLINED for each in mine):
            assert len(charges) > len(paid), "nobody has declined"
        for payment in taken:
            await self._check_hold(world, payment)

    def _paying(self, intent: str) -> Iterator[Payment]:
        for payment in self.payments.values():
            if payment.payment_intent == intent and payment.action in PAYING:
                yield payment

    def _has_taken(self, payment: Payment) -> bool:
        """Whether it has charged somebody, for all that was said."""
        stored = self.stored.get(payment.payment_id)
        if stored is None or payment.outcome is not Outcome.SUCCEEDED:
            is_taken = payment.outcome is Outcome.SUCCEEDED
            return is_taken or payment.payment_id in self.reversed
        assert stored.state in NEVER_CHARGED | {OfflineState.FORWARDED}, stored.state
        code = stored.failure_code
        assert code in documented_codes() | {None}, f"{code} is in no document"
        return stored.state is OfflineState.FORWARDED

    async def _charges(
        self, world: World, intent: str, mine: list[Payment]
    ) -> list[Any]:
        stored = [self.stored.get(payment.payment_id) for payment in mine]
        names = {intent} | {one.payment_intent for one in stored if one is not None}
        charges: list[Any] = []
        for name in names - {None}:
            if not str(name).startswith("pi_offline_"):
                path = f"/v1/charges?payment_intent={name}&limit=100"
                charges += (await world.stripe("GET", path))["data"]
        return charges

    async def _check_hold(self, world: World, payment: Payment) -> None:
        """Held money is watched until it is captured or canceled."""
        if payment.payment_id in self.reversed:
            return
        stored = self.stored.get(payment.payment_id)
        name = payment.intent if stored is None else stored.payment_intent
        intent = await world.stripe("GET", f"/v1/payment_intents/{name}")
        assert intent["status"] in {"requires_capture", "succeeded", "canceled"}
        if intent["status"] == "requires_capture":
            assert payment.payment_id in self.held, "nobody watches over held money"
