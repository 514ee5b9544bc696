"""Several registers, several readers, and the same request many times at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import Agent, Stack, good, running_agent
from flow_cables import DYNAPROX
from flow_world import World, running_world

from simulator.faults import WireFaults

FRONT, BACK = "serial:/dev/front", "serial:/dev/back"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[World]:
    """Two readers, `front` and `back`."""
    async with running_world({"front": DYNAPROX, "back": DYNAPROX}) as world:
        yield world


@pytest_asyncio.fixture
async def agent(shop: World, tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(shop, tmp_path) as running:
        yield running


async def test_two_readers_take_payments_at_once(shop: World, agent: Agent) -> None:
    front, back = await agent.register(FRONT), await agent.register(BACK)
    shop.customer("visa_approved", reader="front")
    shop.customer("mastercard_approved", reader="back", only=False)
    intents = [await agent.intent(amount) for amount in (10_00, 20_00)]

    actions = await asyncio.gather(
        agent.pay(front, intents[0]), agent.pay(back, intents[1])
    )

    assert [action["status"] for action in actions] == ["succeeded", "succeeded"]
    assert [await shop.taken(intent) for intent in intents] == [[10_00], [20_00]]


async def test_each_caller_holds_on_for_its_own_payment(
    shop: World, agent: Agent
) -> None:
    front, back = await agent.register(FRONT), await agent.register(BACK)
    shop.customer("visa_approved", reader="front", after_s=9.0)
    shop.customer("visa_approved", reader="back", after_s=1.0, only=False)
    for reader in (front, back):
        await agent.begin(reader, await agent.intent())
    started_s = shop.clock.monotonic()

    await agent.hold_on(back)

    assert shop.clock.monotonic() - started_s < 2.0
    assert (await agent.action(front))["status"] == "in_progress"


async def test_two_registers_at_one_reader_take_turns(stack: Stack) -> None:
    stack.world.customer("visa_approved", after_s=1.0)
    first, second = await stack.agent.intent(), await stack.agent.intent()
    answers = await asyncio.gather(
        stack.agent.process(stack.reader, first),
        stack.agent.process(stack.reader, second),
    )

    action = await stack.agent.ended(stack.reader)

    assert [answer.status for answer in answers] == [200, 200]
    assert action["status"] == "succeeded"
    taken = [await stack.taken(intent) for intent in (first, second)]
    assert sorted(taken) == [[], [12_00]]


async def test_one_intent_at_two_readers_is_charged_once(
    shop: World, agent: Agent
) -> None:
    front, back = await agent.register(FRONT), await agent.register(BACK)
    for reader in ("front", "back"):
        shop.customer("visa_approved", reader=reader, only=False)
    intent = await agent.intent(12_00)

    answers = await asyncio.gather(
        agent.process(front, intent), agent.process(back, intent)
    )
    await asyncio.gather(agent.ended(front), agent.ended(back))

    refusals = [answer.error["code"] for answer in answers if answer.status == 400]
    assert refusals == ["intent_invalid_state"]
    assert await shop.taken(intent) == [12_00]


@pytest.mark.parametrize("key", ["the-same-key", None])
async def test_eight_identical_requests_charge_once(
    key: str | None, stack: Stack
) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00)

    answers = await asyncio.gather(
        *(stack.agent.process(stack.reader, intent, key=key) for _ in range(8))
    )
    await stack.agent.ended(stack.reader)

    assert any(answer.status == 200 for answer in answers)
    assert await stack.taken(intent) == [12_00]


async def test_a_repeated_request_gets_the_first_answer(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00)
    first = await stack.agent.process(stack.reader, intent, key="k")
    await stack.agent.ended(stack.reader)

    again = await stack.agent.process(stack.reader, intent, key="k")

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert await stack.taken(intent) == [12_00]


async def test_a_reader_that_hangs_delays_nobody_else(
    shop: World, agent: Agent
) -> None:
    front, back = await agent.register(FRONT), await agent.register(BACK)
    shop.wire_faults(to_host=WireFaults(drop=1.0), reader="front")
    await agent.begin(front, await agent.intent())
    shop.customer("visa_approved", reader="back")
    intent = await agent.intent(12_00)
    started_s = shop.clock.monotonic()

    action = await agent.pay(back, intent)
    shown = [await agent.action(reader) for reader in (front, back)]
    listed = good(await agent.rest.get("/v1/terminal/readers"))

    assert action["status"] == "succeeded"
    assert shop.clock.monotonic() - started_s < 0.1
    assert [one["status"] for one in shown] == ["in_progress", "succeeded"]
    assert len(listed["data"]) == 2
    assert (await agent.ended(front))["failure_code"] == "reader_timeout"


async def test_a_port_that_hangs_delays_no_payment(shop: World, agent: Agent) -> None:
    back = await agent.register(BACK)
    shop.wire_faults(to_host=WireFaults(drop=1.0), reader="front")
    registering = asyncio.create_task(
        agent.rest.post("/v1/terminal/readers", {"registration_code": FRONT})
    )
    shop.customer("visa_approved", reader="back")
    started_s = shop.clock.monotonic()

    action = await agent.pay(back, await agent.intent())

    assert action["status"] == "succeeded"
    assert shop.clock.monotonic() - started_s < 0.1
    assert (await registering).error["code"] == "terminal_reader_offline"
