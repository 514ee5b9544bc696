"""Walks through payments with every kind of trouble; the rules hold after each step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flow_agent import COUNTER, Agent, running_agent
from flow_invariants import documented_codes
from flow_world import CONFIRM, World, running_world
from hypothesis import given, settings
from hypothesis import strategies as st
from skipping_loop import SkippingLoop

from agent.ids import PaymentId
from agent.journal.entries import ActionRequested, ConfirmStarted, Outcome
from agent.payments.payment import Payment, fold
from simulator.faults import WireFaults
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
)


@dataclass(frozen=True)
class StripeFails:
    fault: Fault
    path: str
    times: int


@dataclass(frozen=True)
class WireFails:
    to_host: WireFaults
    to_reader: WireFaults


@dataclass(frozen=True)
class DiskFillsUp:
    kind: str


@dataclass(frozen=True)
class Unplugged:
    turns: int
    """Of the event loop, after the payment was begun."""


@dataclass(frozen=True)
class Canceled:
    turns: int


@dataclass(frozen=True)
class Restarted:
    turns: int


Trouble = StripeFails | WireFails | DiskFillsUp | Unplugged | Canceled | Restarted


@dataclass(frozen=True)
class Attempt:
    """One payment, begun and left to its fate."""

    card: str
    capture: str
    is_new: bool
    """Whether for a new intent, or for the last one again."""
    troubles: tuple[Trouble, ...]


CARDS = ("visa_approved", "visa_declined", "visa_refuses_after_approval")
KINDS = ("action_requested", "confirm_started", "confirmed", "declined", "reversed")
turns = st.integers(0, 80)
wire_faults = st.builds(
    WireFaults,
    cut_after_bytes=st.none() | st.integers(1, 900),
    corrupt=st.sampled_from([0.0, 0.003]),
    drop=st.sampled_from([0.0, 0.2]),
)
stripe_faults = st.sampled_from(
    [LoseReply(), ResetConnection(), CutBody(30), Delay(40.0)]
) | st.builds(AnswerStatus, st.sampled_from([409, 429, 500]))
paths = st.sampled_from([CONFIRM, "/v1/refunds", "/v1/payment_intents/*/cancel"])
troubles: st.SearchStrategy[Trouble] = st.one_of(
    st.builds(StripeFails, stripe_faults, paths, st.integers(1, 4)),
    st.builds(WireFails, wire_faults, wire_faults),
    st.builds(DiskFillsUp, st.sampled_from(KINDS)),
    st.builds(Unplugged, turns),
    st.builds(Canceled, turns),
    st.builds(Restarted, turns),
)
attempts = st.builds(
    Attempt,
    card=st.sampled_from(CARDS),
    capture=st.sampled_from(["automatic", "manual"]),
    is_new=st.booleans(),
    troubles=st.lists(troubles, max_size=3).map(tuple),
)


@settings(max_examples=settings().max_examples // 5)
@given(walk=st.lists(attempts, min_size=1, max_size=5))
def test_whatever_happens_money_and_words_agree(
    walk: Sequence[Attempt], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(walk_through(walk, tmp_path_factory.mktemp("walk")))


async def walk_through(walk: Sequence[Attempt], folder: Path) -> None:
    async with running_world() as world, AsyncExitStack() as agents:
        shop = Shop(world, folder, agents)
        await shop.open()
        for attempt in walk:
            await shop.try_to_pay(attempt)
            await shop.mend()
            await shop.check()


@dataclass
class Shop:
    """One till, and what it was told so far."""

    world: World
    folder: Path
    agents: AsyncExitStack
    agent: Agent = field(init=False)
    reader: str = field(init=False)
    intents: list[str] = field(default_factory=list)
    told: dict[PaymentId, Outcome] = field(default_factory=dict)

    async def open(self) -> None:
        """Start the agent for the first time."""
        await self._start()
        self.reader = await self.agent.register(COUNTER)

    async def try_to_pay(self, attempt: Attempt) -> None:
        """Begin the payment, and let its troubles come."""
        if attempt.is_new or not self.intents:
            self.intents.append(await self.agent.intent(capture=attempt.capture))
        self.world.customer(attempt.card)
        for trouble in attempt.troubles:
            self._prepare(trouble)
        answer = await self.agent.process(self.reader, self.intents[-1])
        assert answer.status == 200 or answer.error["code"] in documented_codes()
        for trouble in attempt.troubles:
            await self._befall(trouble)

    async def mend(self) -> None:
        """End every trouble and wait until the last payment has ended."""
        self.world.mend_stripe()
        self.world.wire_faults()
        self.agent.journal.free_disk()
        if not self.world.reader().is_plugged:
            self.world.reader().plug()
        await self.world.passed(120.0)
        await self.agent.ended(self.reader)
        await self.agent.until_online(self.reader)

    async def check(self) -> None:
        """Hold every intent and every payment against the rules."""
        payments = self._payments()
        for intent in self.intents:
            succeeded = [
                payment
                for payment in payments
                if payment.payment_intent == intent
                and payment.outcome is Outcome.SUCCEEDED
            ]
            assert len(await self.world.taken(intent)) == len(succeeded) <= 1
        for payment in payments:
            assert payment.outcome is not None
            first_told = self.told.setdefault(payment.payment_id, payment.outcome)
            assert payment.outcome is first_told
            assert payment.failure_code in documented_codes() | {None}
        await self._check_that_charges_were_announced()
        self.agent.journal.verify()

    def _prepare(self, trouble: Trouble) -> None:
        match trouble:
            case StripeFails(fault, path, times):
                self.world.stripe_fault(fault, path=path, times=times)
            case WireFails(to_host, to_reader):
                self.world.wire_faults(to_host=to_host, to_reader=to_reader)
            case DiskFillsUp(kind):
                self.agent.journal.fills_up_at = kind
            case Unplugged() | Canceled() | Restarted():
                pass

    async def _befall(self, trouble: Trouble) -> None:
        match trouble:
            case Unplugged(turns):
                await pass_turns(turns)
                if self.world.reader().is_plugged:
                    self.world.reader().unplug()
            case Canceled(turns):
                await pass_turns(turns)
                answer = await self.agent.cancel(self.reader)
                known = documented_codes()
                assert answer.status == 200 or answer.error["code"] in known
            case Restarted(turns):
                await pass_turns(turns)
                await self.agents.aclose()
                await self._start()
            case StripeFails() | WireFails() | DiskFillsUp():
                pass

    async def _start(self) -> None:
        running = running_agent(self.world, self.folder)
        self.agent = await self.agents.enter_async_context(running)

    def _payments(self) -> list[Payment]:
        journal = self.agent.journal
        requested = [
            one.entry.payment_id
            for one in journal.read(limit=100_000)
            if isinstance(one.entry, ActionRequested)
        ]
        return [
            fold(recorded.entry for recorded in journal.entries_of(payment_id))
            for payment_id in requested
        ]

    async def _check_that_charges_were_announced(self) -> None:
        announced = {
            payment.payment_intent
            for payment in self._payments()
            if any(
                isinstance(one.entry, ConfirmStarted)
                for one in self.agent.journal.entries_of(payment.payment_id)
            )
        }
        charges = await self.world.stripe("GET", "/v1/charges?limit=100")
        assert {charge["payment_intent"] for charge in charges["data"]} <= announced


async def pass_turns(turns: int) -> None:
    """Let the event loop go round so often."""
    for _ in range(turns):
        await asyncio.sleep(0)
