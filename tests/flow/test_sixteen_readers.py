"""Sixteen readers of both families on one agent: all are served, and none before others.

Fairness is counted in payments: how far the reader that has completed the most is ahead
of the one that has completed the fewest, at any time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path

import pytest_asyncio
from flow_agent import Agent, running_agent
from flow_cables import EACH_FAMILY_ON_EACH_KIND
from flow_world import World, running_world

from agent.events import PhaseChanged
from agent.payments.states import FINAL
from simulator.faults import WireFaults

READERS = 16
ROUNDS = 5
MOST_AHEAD = 2
"""Payments; one is what a race between equals gives."""
NAMES = [f"till{number:02}" for number in range(READERS)]
HARDWARE = dict(
    zip(NAMES, islice(cycle(EACH_FAMILY_ON_EACH_KIND), READERS), strict=True)
)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[World]:
    """Sixteen readers, each with a customer who comes when asked."""
    async with running_world(HARDWARE) as world:
        world.nobody()
        for name in NAMES:
            world.customer("visa_approved", reader=name, only=False)
        yield world


@pytest_asyncio.fixture
async def agent(shop: World, tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(shop, tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def tills(agent: Agent) -> dict[str, str]:
    """The ids of all readers, by name."""
    codes = [HARDWARE[name].code(name) for name in NAMES]
    ids = await asyncio.gather(*map(agent.register, codes))
    return dict(zip(NAMES, ids, strict=True))


async def test_sixteen_payments_at_once_all_succeed(
    shop: World, agent: Agent, tills: dict[str, str]
) -> None:
    intents = [await agent.intent((10 + number) * 100) for number in range(READERS)]

    actions = await asyncio.gather(*map(agent.pay, tills.values(), intents))

    assert [action["failure_code"] for action in actions] == [None] * READERS
    taken = [await shop.taken(intent) for intent in intents]
    assert taken == [[(10 + number) * 100] for number in range(READERS)]


async def test_no_reader_gets_ahead_of_the_others(
    agent: Agent, tills: dict[str, str]
) -> None:
    completed = Counter(dict.fromkeys(tills.values(), 0))
    ahead: list[int] = []

    async def serve(reader: str) -> None:
        for _ in range(ROUNDS):
            await agent.pay(reader, await agent.intent())

    async def count() -> None:
        with agent.events.listen() as events:
            while min(completed.values()) < ROUNDS:
                event = await events.get()
                if isinstance(event, PhaseChanged) and event.phase in FINAL:
                    completed[event.reader_id] += 1
                    ahead.append(max(completed.values()) - min(completed.values()))

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(count())
        for reader in tills.values():
            tasks.create_task(serve(reader))

    assert completed == dict.fromkeys(tills.values(), ROUNDS)
    assert max(ahead) <= MOST_AHEAD


async def test_none_waits_for_the_customer_of_another(
    shop: World, agent: Agent, tills: dict[str, str]
) -> None:
    shop.nobody()
    slow, *quick = NAMES
    shop.customer("visa_approved", reader=slow, after_s=50.0, only=False)
    for name in quick:
        shop.customer("visa_approved", reader=name, only=False)
    began_s = shop.clock.monotonic()
    await agent.begin(tills[slow], await agent.intent())

    actions = await asyncio.gather(
        *[agent.pay(tills[name], await agent.intent()) for name in quick]
    )

    assert {action["status"] for action in actions} == {"succeeded"}
    assert shop.clock.monotonic() - began_s < 1.0
    assert (await agent.action(tills[slow]))["status"] == "in_progress"
    assert (await agent.ended(tills[slow]))["status"] == "succeeded"


async def test_none_waits_for_a_reader_that_has_fallen_silent(
    shop: World, agent: Agent, tills: dict[str, str]
) -> None:
    silent, *others = NAMES
    shop.wire_faults(to_host=WireFaults(drop=1.0), reader=silent)
    began_s = shop.clock.monotonic()
    await agent.begin(tills[silent], await agent.intent())

    actions = await asyncio.gather(
        *[agent.pay(tills[name], await agent.intent()) for name in others]
    )

    assert {action["status"] for action in actions} == {"succeeded"}
    assert shop.clock.monotonic() - began_s < 1.0


async def test_all_are_back_after_all_cables_were_pulled(
    shop: World, agent: Agent, tills: dict[str, str]
) -> None:
    for name in NAMES:
        shop.reader(name).unplug()
    for reader in tills.values():
        await agent.until_offline(reader)
    for name in NAMES:
        shop.reader(name).plug()
    for reader in tills.values():
        await agent.until_online(reader)

    actions = await asyncio.gather(
        *[agent.pay(reader, await agent.intent()) for reader in tills.values()]
    )

    assert {action["status"] for action in actions} == {"succeeded"}
