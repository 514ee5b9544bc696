"""What the agent makes of a payment that was cut off, by what its journal proves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import COUNTER, Agent, running_agent
from flow_disk import open_flow_journal
from flow_world import STRIPE_KEY, World, running_world
from skipping_loop import LoopClock, SetClock

from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import (
    ActionRequested,
    AnswerLost,
    CardCollected,
    CardRefused,
    Confirmed,
    ConfirmStarted,
    Declined,
    Entry,
    NotCharged,
    ReversalStarted,
    Reversed,
)
from agent.payments.held_card import from_bytes
from agent.payments.states import Phase
from agent.settings import Settings, StripeKey
from agent.stripe_api import payment_intents
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from simulator.stripe_api.engine.faults import AnswerStatus, LoseReply, ResetConnection

PAYMENT = PaymentId("pay_cut")
KEY = "cardlane-pay_cut"


@dataclass
class Shop:
    """A world, a registered reader and an intent, while no agent runs."""

    world: World
    folder: Path
    reader: ReaderId
    intent: PaymentIntentId
    card: bytes
    """What the agent held of a card that was read for the intent."""

    async def cut_after(self, *entries: Entry, held_card: bytes | None = None) -> None:
        """Leave the journal as a crash after these entries would."""
        journal = open_flow_journal(self.folder / "journal.db", clock=LoopClock())
        requested = ActionRequested(
            PAYMENT,
            self.reader,
            "process_payment_intent",
            self.intent,
            amount=12_00,
            currency="usd",
            parameters={},
        )
        try:
            await journal.append(requested)
            for entry in entries:
                held = held_card if isinstance(entry, ConfirmStarted) else None
                await journal.append(entry, held_card=held)
        finally:
            await journal.aclose()

    async def recovered(
        self, *, clock: LoopClock | None = None
    ) -> tuple[object, object]:
        """Start the agent; status and failure code of the action it ends."""
        async with running_agent(self.world, self.folder, clock=clock) as agent:
            action = await agent.ended(self.reader)
            await self.pays_again(agent)
        return action["status"], action["failure_code"]

    async def pays_again(self, agent: Agent) -> None:
        """Hold that the reader works as before."""
        self.world.customer("visa_approved")
        again = await agent.intent(5_00)
        await agent.until_online(self.reader)
        assert (await agent.pay(self.reader, again))["status"] == "succeeded"
        assert await self.world.taken(again) == [5_00]


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with running_world() as world:
        async with running_agent(world, tmp_path) as agent:
            reader = await agent.register(COUNTER)
            intent = await agent.intent(12_00)
            card = await collected_card(world, agent, reader)
        yield Shop(world, tmp_path, ReaderId(reader), PaymentIntentId(intent), card)


async def collected_card(world: World, agent: Agent, reader: str) -> bytes:
    """A card's ciphertext as the agent holds it, from a payment that is then undone."""
    world.customer("visa_approved")
    world.stripe_fault(AnswerStatus(500), times=None)
    await agent.begin(reader, await agent.intent(12_00))
    await agent.until(reader, Phase.UNKNOWN)
    payment = agent.assembled.actions.current(ReaderId(reader))
    assert payment is not None
    held = agent.journal.held_card(payment.payment_id)
    assert held is not None
    world.mend_stripe()
    await agent.ended(reader)
    await agent.cancel(reader)
    return held


COLLECTED = CardCollected(PAYMENT, "contact_emv", "0" * 64)
STARTED = ConfirmStarted(PAYMENT, KEY)
LOST = AnswerLost(PAYMENT, "cut")
CONFIRMED = Confirmed(PAYMENT, "succeeded", "ch_1", None)
DECLINED = Declined(PAYMENT, "card_declined", "generic_decline", "No.", "ch_1")
NOT_CHARGED = NotCharged(PAYMENT, "payment_not_charged", "Nothing happened.")
REFUSED = CardRefused(PAYMENT, "declined", "0")
REVERSING = ReversalStarted(PAYMENT, f"{KEY}-reversal", "refund")


@pytest.mark.parametrize(
    ("entries", "end"),
    [
        ((), ("failed", "payment_interrupted")),
        ((COLLECTED,), ("failed", "payment_interrupted")),
        ((COLLECTED, STARTED, DECLINED), ("failed", "card_declined")),
        ((COLLECTED, STARTED, LOST, DECLINED), ("failed", "card_declined")),
        ((COLLECTED, STARTED, NOT_CHARGED), ("failed", "payment_not_charged")),
    ],
)
async def test_what_charged_nobody_ends_as_failed(
    entries: Sequence[Entry], end: tuple[object, object], shop: Shop
) -> None:
    await shop.cut_after(*entries)

    assert await shop.recovered() == end
    assert await shop.world.taken(shop.intent) == []
    assert shop.world.confirm_keys(shop.intent) == set()


@pytest.mark.parametrize("entries", [(COLLECTED, STARTED), (COLLECTED, STARTED, LOST)])
@pytest.mark.parametrize("has_charged", [True, False])
async def test_a_fresh_confirm_is_repeated_to_the_letter(
    has_charged: bool, entries: Sequence[Entry], shop: Shop
) -> None:
    if has_charged:
        await confirmed_by_the_agent(shop)
    await shop.cut_after(*entries, held_card=shop.card)

    assert await shop.recovered() == ("succeeded", None)
    assert await shop.world.taken(shop.intent) == [12_00]
    assert shop.world.confirm_keys(shop.intent) == {KEY}


@pytest.mark.parametrize(
    ("has_charged", "end"),
    [(True, ("succeeded", None)), (False, ("failed", "payment_not_charged"))],
)
async def test_a_confirm_too_old_to_repeat_is_looked_up(
    has_charged: bool, end: tuple[object, object], shop: Shop
) -> None:
    if has_charged:
        await confirmed_by_the_agent(shop)
    await shop.cut_after(COLLECTED, STARTED, held_card=shop.card)
    await asyncio.sleep(61)
    shop.world.forget_requests()

    assert await shop.recovered() == end
    assert await shop.world.taken(shop.intent) == ([12_00] if has_charged else [])
    assert shop.world.confirm_keys(shop.intent) == set()


@pytest.mark.parametrize("ahead_s", [-10.0, -3600.0])
async def test_a_clock_that_has_lost_the_time_makes_no_old_confirm_fresh(
    ahead_s: float, shop: Shop
) -> None:
    await shop.cut_after(COLLECTED, STARTED, held_card=shop.card)
    clock = SetClock()
    clock.ahead_s = ahead_s
    shop.world.forget_requests()

    end = await shop.recovered(clock=clock)

    assert end == ("failed", "payment_not_charged")
    assert await shop.world.taken(shop.intent) == []
    assert shop.world.confirm_keys(shop.intent) == set()


async def test_a_confirm_whose_card_is_gone_is_looked_up(shop: Shop) -> None:
    await shop.cut_after(COLLECTED, STARTED)

    assert await shop.recovered() == ("failed", "payment_not_charged")


async def test_an_intent_canceled_meanwhile_was_not_charged(shop: Shop) -> None:
    await shop.world.stripe("POST", f"/v1/payment_intents/{shop.intent}/cancel")
    await shop.cut_after(COLLECTED, STARTED, LOST, held_card=shop.card)

    assert await shop.recovered() == ("failed", "payment_not_charged")
    assert await shop.world.taken(shop.intent) == []


async def test_an_intent_paid_meanwhile_is_not_charged_again(shop: Shop) -> None:
    await confirmed_by_the_agent(shop, key="somebody-else")
    await shop.cut_after(COLLECTED, STARTED, LOST, held_card=shop.card)

    assert await shop.recovered() == ("succeeded", None)
    assert await shop.world.taken(shop.intent) == [12_00]


async def test_an_approval_keeps_its_charge_and_misses_the_cards_word(
    shop: Shop,
) -> None:
    await confirmed_by_the_agent(shop)
    await shop.cut_after(COLLECTED, STARTED, CONFIRMED)
    async with running_agent(shop.world, shop.folder) as agent:
        action = await agent.ended(shop.reader)
        payment = agent.assembled.actions.current(shop.reader)

    assert action["status"] == "succeeded"
    assert payment is not None
    assert payment.card_verdict_missing
    assert await shop.world.taken(shop.intent) == [12_00]


@pytest.mark.parametrize(
    "entries", [(REFUSED,), (REFUSED, REVERSING)], ids=["refused", "reversing"]
)
@pytest.mark.parametrize("is_back", [True, False])
async def test_a_reversal_is_carried_to_its_end(
    is_back: bool, entries: Sequence[Entry], shop: Shop
) -> None:
    await confirmed_by_the_agent(shop)
    if is_back:
        await shop.world.stripe("POST", "/v1/refunds", {"payment_intent": shop.intent})
    await shop.cut_after(COLLECTED, STARTED, CONFIRMED, *entries)

    assert await shop.recovered() == ("failed", "declined_by_reader")
    assert await shop.world.taken(shop.intent) == []


async def test_a_reversal_that_was_done_only_misses_its_end(shop: Shop) -> None:
    done = (REFUSED, REVERSING, Reversed(PAYMENT))
    await shop.cut_after(COLLECTED, STARTED, CONFIRMED, *done)

    assert await shop.recovered() == ("failed", "declined_by_reader")
    assert shop.world.asked("/v1/refunds")[0] == 0


@pytest.mark.parametrize(
    "fault", [LoseReply(), ResetConnection(), AnswerStatus(500)], ids=repr
)
async def test_recovery_asks_until_stripe_answers(
    fault: LoseReply | ResetConnection | AnswerStatus, shop: Shop
) -> None:
    shop.world.stripe_fault(fault, times=4)
    await shop.cut_after(COLLECTED, STARTED, held_card=shop.card)

    assert await shop.recovered() == ("succeeded", None)
    assert await shop.world.taken(shop.intent) == [12_00]


async def test_a_reader_with_an_unsettled_payment_takes_nothing_new(
    shop: Shop,
) -> None:
    shop.world.stripe_fault(AnswerStatus(500), times=None)
    await shop.cut_after(COLLECTED, STARTED, held_card=shop.card)
    async with running_agent(shop.world, shop.folder) as agent:
        await agent.until(shop.reader, Phase.UNKNOWN)

        answer = await agent.process(shop.reader, await agent.intent())

        unsettled = agent.assembled.actions.unsettled()
    assert answer.error["code"] == "payment_outcome_unknown"
    assert [payment.payment_id for payment in unsettled] == [PAYMENT]


async def test_an_agent_that_stops_while_it_settles_goes_on_later(shop: Shop) -> None:
    shop.world.stripe_fault(LoseReply(), times=None)
    await shop.cut_after(COLLECTED, STARTED, held_card=shop.card)
    async with running_agent(shop.world, shop.folder) as agent:
        await agent.until(shop.reader, Phase.UNKNOWN)
    shop.world.mend_stripe()

    assert await shop.recovered() == ("succeeded", None)
    assert await shop.world.taken(shop.intent) == [12_00]


async def confirmed_by_the_agent(shop: Shop, *, key: str = KEY) -> None:
    """Stripe carries out a confirm whose answer nobody heard."""
    card = from_bytes(shop.card)
    async with Connections() as connections:
        client = StripeClient(
            connections,
            api_base=shop.world.url,
            key=StripeKey(STRIPE_KEY),
            api_version=Settings().stripe.api_version,
            timeout_s=30.0,
        )
        await payment_intents.confirm(
            client, shop.intent, card=card, amount=12_00, idempotency_key=key
        )
