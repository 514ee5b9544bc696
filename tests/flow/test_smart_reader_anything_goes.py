"""Whatever befalls a smart reader, its customer, Stripe and other tills: no money is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
from flow_agent import running_agent
from flow_invariants import documented_codes
from flow_smart_reader import READERS, SmartStack, running_smart_stack
from flow_world import STRIPE_KEY
from hypothesis import given, settings
from hypothesis import strategies as st
from skipping_loop import SkippingLoop

from agent.ids import PaymentId
from agent.journal.entries import ActionRequested
from agent.payments.evidence import PAYING
from agent.payments.payment import Payment, fold
from agent.payments.states import Phase
from simulator.cards.card import Entry
from simulator.errors import SimulatorError
from simulator.stripe_api.at_the_reader.deeds import (
    CutPower,
    Deed,
    EnterPin,
    PressCancel,
    RemoveCard,
    SetAuthorizationTime,
    SetNetwork,
)
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
)

PROCESS, COLLECT = "process_payment_intent", "collect_payment_method"
CONFIRM, CANCEL = "confirm_payment_intent", "cancel_action"
CARDS = ("visa_approved", "visa_declined", "visa_approved", "mastercard_approved")


@dataclass(frozen=True)
class Order:
    """A till of this agent's asks for something, for one of the last intents."""

    action: str
    intent: int


@dataclass(frozen=True)
class Interference:
    """Another till with the same Stripe account does."""

    action: str
    intent: int


@dataclass(frozen=True)
class Card:
    name: str
    entry: Entry


@dataclass(frozen=True)
class Befalls:
    fault: Fault
    method: str
    path: str
    times: int


@dataclass(frozen=True)
class Restart:
    away_s: float


Step = Order | Interference | Card | Deed | Befalls | Restart

ORDERS = st.sampled_from([PROCESS, PROCESS, COLLECT, CONFIRM, CANCEL])
FAULTS: st.SearchStrategy[Fault] = st.sampled_from(
    [
        LoseReply(),
        ResetConnection(),
        CutBody(30),
        AnswerStatus(500),
        AnswerStatus(429),
        Delay(20.0),
    ]
)
DEEDS: st.SearchStrategy[Deed] = st.sampled_from(
    [
        PressCancel(),
        EnterPin(),
        RemoveCard(),
        CutPower(),
        SetNetwork(is_up=False),
        SetNetwork(is_up=True),
        SetAuthorizationTime(0.0),
        SetAuthorizationTime(6.0),
    ]
)
CARD = st.builds(Card, st.sampled_from(CARDS), st.sampled_from(Entry))
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Order, ORDERS, st.integers(0, 2)),
    st.builds(Order, st.just(PROCESS), st.just(0)),
    CARD,
    CARD,
    DEEDS,
    st.builds(Interference, st.sampled_from([PROCESS, CANCEL]), st.integers(0, 2)),
    st.builds(
        Befalls,
        FAULTS,
        st.sampled_from(["GET", "POST"]),
        st.sampled_from([f"{READERS}/*", "/v1/payment_intents/*"]),
        st.sampled_from([1, 3]),
    ),
    st.builds(Restart, st.sampled_from([0.0, 5.0, 400.0])),
)
PAUSES_S = st.sampled_from([0.1, 1.0, 5.0, 40.0])


@settings(max_examples=settings().max_examples // 5)
@given(walk=st.lists(st.tuples(STEPS, PAUSES_S), min_size=3, max_size=25))
def test_money_and_words_agree_in_the_end(
    walk: Sequence[tuple[Step, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(walk_through(walk, tmp_path_factory.mktemp("walk")))


async def walk_through(walk: Sequence[tuple[Step, float]], folder: Path) -> None:
    async with (
        running_smart_stack(folder / "first") as smart,
        AsyncExitStack() as agents,
    ):
        street = Street(smart, folder / "second", agents)
        await street.restart(0.0)
        for step, pause_s in walk:
            await street.take(step)
            await smart.world.passed(pause_s)
            street.note()
        await street.settle()
        await street.check()


@dataclass
class Street:
    """A smart reader, whoever uses it, and what was said of payments so far."""

    smart: SmartStack
    folder: Path
    agents: AsyncExitStack
    intents: list[str] = field(default_factory=list)
    told: dict[PaymentId, Phase] = field(default_factory=dict)

    async def take(self, step: Step) -> None:
        match step:
            case Order(action, intent):
                form = {} if action == CANCEL else await self.about(intent)
                await self.smart.order(action, form)
            case Interference(action, intent):
                await self.interfere(action, await self.about(intent))
            case Card(name, entry):
                self.do(self.smart.card(name, entry=entry))
            case Befalls(fault, method, path, times):
                self.smart.world.stripe_fault(
                    fault, method=method, path=path, times=times
                )
            case Restart(away_s):
                await self.restart(away_s)
            case _:
                self.do(step)

    async def about(self, intent: int) -> dict[str, str]:
        """One of the latest intents; 0 is a new one."""
        while intent == 0 or intent > len(self.intents):
            form = {
                "amount": "1200",
                "currency": "usd",
                "allowed_payment_method_types[]": "card_present",
            }
            path = "/v1/payment_intents"
            made = await self.smart.world.stripe("POST", path, form)
            self.intents.append(str(made["id"]))
            intent = max(1, intent)
        return {"payment_intent": self.intents[-intent]}

    async def interfere(self, action: str, form: dict[str, str]) -> None:
        """May be refused, or lost like anybody's."""
        world = self.smart.world
        url = f"{world.url}{READERS}/{self.smart.reader}/{action}"
        sent = form if action == PROCESS else {}
        headers = {"authorization": f"Bearer {STRIPE_KEY}"}
        with suppress(aiohttp.ClientError):
            async with world.http.post(url, data=sent, headers=headers):
                return

    def do(self, deed: Deed) -> None:
        """What is impossible now does not happen."""
        with suppress(SimulatorError):
            self.smart.do(deed)

    async def restart(self, away_s: float) -> None:
        await self.agents.aclose()
        await self.smart.world.passed(away_s)
        agent = await self.agents.enter_async_context(
            running_agent(self.smart.world, self.folder)
        )
        self.smart = replace(self.smart, agent=agent)

    def payments(self) -> list[Payment]:
        journal = self.smart.agent.journal
        return [
            fold(one.entry for one in journal.entries_of(recorded.entry.payment_id))
            for recorded in journal.read(limit=10_000)
            if isinstance(recorded.entry, ActionRequested)
        ]

    def note(self) -> None:
        """What has ended has ended."""
        for payment in self.payments():
            if payment.is_finished:
                told = self.told.setdefault(payment.payment_id, payment.phase)
                assert told is payment.phase

    async def settle(self) -> None:
        """Everything works again, and nobody comes any more."""
        self.smart.world.mend_stripe()
        self.do(SetNetwork(is_up=True))
        self.do(RemoveCard())
        async with asyncio.timeout(3600):
            while any(not payment.is_finished for payment in self.payments()):
                await self.smart.world.passed(30.0)
        self.note()

    async def check(self) -> None:
        paid = [
            payment.intent
            for payment in self.payments()
            if payment.action in PAYING and payment.phase == Phase.SUCCEEDED
        ]
        assert len(paid) == len(set(paid))
        for intent in paid:
            assert await self.smart.world.taken(intent) == [12_00]
        for payment in self.payments():
            assert payment.failure_code in documented_codes() | {None}
        self.smart.agent.journal.verify()
