"""Held money is warned of before it is released: once, in time, and never falsely."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flow_agent import COUNTER, Agent, good, running_agent
from flow_world import World, running_world
from skipping_loop import LoopClock, SetClock, SkippingLoop

from agent.events import AuthorizationExpiring, Event
from agent.payments.hold_watch import LONGEST_WAIT_S, RETRY_S
from agent.settings import PaymentSettings
from simulator.stripe_api.engine.faults import LoseReply, ResetConnection

HOUR_S = 3600
DAY_S = 24 * HOUR_S
LEAD_S = 47 * HOUR_S
"""Stripe holds money for two days, so that this warning comes after an hour."""


@dataclass(frozen=True)
class Shop:
    """An agent with its world, and who listens to it."""

    world: World
    agent: Agent
    events: asyncio.Queue[Event]
    seen: list[AuthorizationExpiring] = field(default_factory=list)

    async def hold(self) -> str:
        """The id of a PaymentIntent whose money is held from now on."""
        self.world.customer("visa_approved")
        readers = good(await self.agent.rest.get("/v1/terminal/readers"))["data"]
        reader = readers[0]["id"] if readers else await self.agent.register(COUNTER)
        await self.agent.until_online(reader)
        intent = await self.agent.intent(40_00, capture="manual")
        assert (await self.agent.pay(reader, intent))["status"] == "succeeded"
        return intent

    def warnings(self) -> list[str]:
        """The PaymentIntents warned of so far."""
        while not self.events.empty():
            event = self.events.get_nowait()
            if isinstance(event, AuthorizationExpiring):
                self.seen.append(event)
        return [event.payment_intent for event in self.seen]

    async def causes(self) -> list[Any]:
        answer = await self.agent.rest.get("/agent/health/ready")
        return [
            cause
            for cause in answer.json()["causes"]
            if cause["code"] == "authorization_expiring"
        ]

    async def held(self) -> list[str]:
        """The PaymentIntents that the agent takes for held."""
        listed = good(await self.agent.rest.get("/agent/payments?held=true"))
        return [payment["payment_intent"] for payment in listed["payments"]]


@asynccontextmanager
async def shop_in(
    world: World,
    folder: Path,
    *,
    leads_s: tuple[int, ...] = (LEAD_S,),
    clock: LoopClock | None = None,
) -> AsyncIterator[Shop]:
    settings = PaymentSettings(authorization_warning_s=leads_s)
    async with running_agent(world, folder, payments=settings, clock=clock) as agent:
        with agent.events.listen() as events:
            yield Shop(world, agent, events)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.may_take(4 * DAY_S)
    async with running_world() as world:
        yield world


async def test_a_warning_comes_in_time_and_once(world: World, tmp_path: Path) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        await world.passed(HOUR_S - 60)
        early = shop.warnings()
        await world.passed(120)
        in_time = shop.warnings()
        await world.passed(5 * HOUR_S)

        assert early == []
        assert in_time == [intent]
        assert shop.warnings() == [intent]
        ends_s = shop.seen[0].expires_at - world.clock.now().timestamp()
        assert ends_s == pytest.approx(42 * HOUR_S, abs=120)
        assert intent in (await shop.causes())[0]["remedy"]
        assert world.asked("/capture") == (0, set())


async def test_a_restart_repeats_no_warning(world: World, tmp_path: Path) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        await world.passed(2 * HOUR_S)
        assert shop.warnings() == [intent]

    async with shop_in(world, tmp_path) as shop:
        await world.passed(HOUR_S)

        assert shop.warnings() == []
        assert len(await shop.causes()) == 1


async def test_what_was_due_while_the_agent_was_off_is_warned_of_at_its_start(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
    await world.passed(10 * HOUR_S)

    async with shop_in(world, tmp_path) as shop:
        await world.passed(60)

        assert shop.warnings() == [intent]


async def test_money_captured_elsewhere_is_not_warned_of(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        await world.stripe("POST", f"/v1/payment_intents/{intent}/capture")
        await world.passed(2 * HOUR_S)

        assert shop.warnings() == []
        assert await shop.held() == []
        assert await shop.causes() == []
        assert shop.agent.journal.kinds()[-1] == "hold_ended"


@pytest.mark.parametrize("verb", ["capture", "cancel"])
async def test_what_is_done_through_the_agent_is_known_at_once(
    verb: str, world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        good(await shop.agent.rest.post(f"/v1/payment_intents/{intent}/{verb}"))
        await world.passed(1)

        assert await shop.held() == []
        assert shop.agent.journal.kinds()[-1] == "hold_ended"


async def test_what_was_done_while_the_network_fails_is_known_once_it_works(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        world.stripe_fault(LoseReply(), path="/v1/payment_intents/*/capture", times=1)
        world.stripe_fault(ResetConnection(), method="GET", path="*", times=5)
        path = f"/v1/payment_intents/{intent}/capture"
        lost = await shop.agent.rest.post(path, {}, {"idempotency-key": "k"})
        at_once = await shop.held()
        await world.passed(10 * RETRY_S)

        assert lost.error["code"] == "stripe_answer_lost"
        assert at_once == [intent]
        assert await shop.held() == []


async def test_without_a_network_the_warning_waits_until_it_is_certain(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        world.stripe_fault(ResetConnection(), method="*", path="*", times=None)
        await world.passed(3 * HOUR_S)
        meanwhile = shop.warnings(), len(await shop.causes())
        world.mend_stripe()
        await world.passed(2 * RETRY_S)

        assert meanwhile == ([], 1)
        assert shop.warnings() == [intent]


async def test_a_journal_that_cannot_be_written_delays_a_warning(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        intent = await shop.hold()
        shop.agent.journal.disk.is_full = True
        await world.passed(2 * HOUR_S)
        meanwhile = shop.warnings()
        shop.agent.journal.free_disk()
        await world.passed(2 * RETRY_S)

        assert meanwhile == []
        assert shop.warnings() == [intent]


async def test_a_clock_that_is_set_changes_when_but_not_how_often(
    world: World, tmp_path: Path
) -> None:
    clock = SetClock()
    async with shop_in(world, tmp_path, clock=clock) as shop:
        intent = await shop.hold()
        await world.passed(60)
        clock.ahead_s = 20 * HOUR_S
        await world.passed(LONGEST_WAIT_S + 60)
        after_the_jump = shop.warnings()
        clock.ahead_s = -20 * HOUR_S
        await world.passed(20 * HOUR_S)
        clock.ahead_s = 0.0
        await world.passed(HOUR_S)

        assert after_the_jump == [intent]
        assert shop.warnings() == [intent]


async def test_each_lead_has_a_warning_of_its_own(world: World, tmp_path: Path) -> None:
    async with shop_in(world, tmp_path, leads_s=(LEAD_S, 46 * HOUR_S)) as shop:
        intent = await shop.hold()
        await world.passed(90 * 60)
        first = shop.warnings()
        await world.passed(HOUR_S)

        assert first == [intent]
        assert shop.warnings() == [intent, intent]


async def test_a_hold_that_nobody_captures_is_forgotten_with_its_end(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        await shop.hold()
        await world.passed(2 * DAY_S + 2 * LONGEST_WAIT_S)

        assert await shop.held() == []
        assert await shop.causes() == []
        assert shop.agent.journal.kinds()[-2:] == ["authorization_warned", "hold_ended"]


async def test_without_leads_nobody_is_warned(world: World, tmp_path: Path) -> None:
    async with shop_in(world, tmp_path, leads_s=()) as shop:
        intent = await shop.hold()
        await world.passed(40 * HOUR_S)

        assert shop.warnings() == []
        assert await shop.held() == [intent]


async def test_money_that_is_not_held_is_never_asked_about(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        reader = await shop.agent.register(COUNTER)
        world.customer("visa_approved")
        await shop.agent.pay(reader, await shop.agent.intent(12_00))
        world.forget_requests()
        await world.passed(DAY_S)

        requests = world.simulator.stripe_api.requests
        asked = [*requests.find(lambda one: "/v1/payment_intents" in one.path)]
        assert asked == []


async def test_a_hold_that_cannot_be_understood_stops_nothing_else(
    world: World, tmp_path: Path
) -> None:
    async with shop_in(world, tmp_path) as shop:
        spoil(tmp_path / "journal.db")
        await world.passed(HOUR_S)

        assert await shop.hold()
        assert (await shop.agent.rest.get("/agent/health/live")).status == 200


def spoil(path: Path) -> None:
    """List a hold of a payment that never was."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO holds VALUES (1, 'pay_nobody')")
