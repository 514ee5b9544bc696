"""Readers keep their identity whatever port they come back on, and come back at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import Agent, good, running_agent
from flow_cables import DYNAPROX
from flow_world import World, running_world
from port_news import NoNews

from agent.events import ReaderMoved
from agent.ids import ReaderId
from simulator.faults import WireFaults

NAMES = ("front", "back", "side", "bar")
FRONT, BACK, SIDE, BAR = (DYNAPROX.code(name) for name in NAMES)
OTHER = "serial:/dev/ttyUSB7"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[World]:
    """Four readers on four ports, and a port that holds none."""
    async with running_world(dict.fromkeys(NAMES, DYNAPROX)) as world:
        yield world


@pytest_asyncio.fixture
async def agent(shop: World, tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent that is told of cables."""
    async with running_agent(shop, tmp_path, watch=shop.watch_cables) as running:
        yield running


@pytest_asyncio.fixture
async def deaf_agent(shop: World, tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent that nobody tells of cables, but with some ports in its settings."""
    ports = (FRONT, BACK, SIDE, BAR, OTHER)
    async with running_agent(
        shop, tmp_path, serial_ports=ports, watch=NoNews().watch
    ) as running:
        yield running


async def test_a_replugged_reader_is_usable_at_once(shop: World, agent: Agent) -> None:
    front = await agent.register(FRONT)
    shop.reader("front").unplug()
    await asyncio.sleep(47.11)
    plugged_at_s = shop.clock.monotonic()
    shop.reader("front").plug()
    await agent.until_online(front)

    assert shop.clock.monotonic() == plugged_at_s


async def test_a_reader_on_a_renumbered_port_keeps_its_id(
    shop: World, agent: Agent
) -> None:
    front = await agent.register(FRONT)
    with agent.events.listen() as events:
        shop.replug("front", at=OTHER)
        await is_back(agent, front)
        told = [events.get_nowait() for _ in range(events.qsize())]

    assert ReaderMoved(ReaderId(front), OTHER) in told
    assert (await agent.discovered_all()) == {}
    await pays(shop, agent, front, "front")


async def test_the_new_port_is_remembered_over_a_restart(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path, watch=shop.watch_cables) as agent:
        front = await agent.register(FRONT)
        shop.replug("front", at=OTHER)
        await is_back(agent, front)

    async with running_agent(shop, tmp_path) as agent:
        await agent.until_online(front)
        label = (await agent.shown(front))["label"]

    assert label == OTHER


async def test_a_reader_moved_while_the_agent_was_off_is_found(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        front = await agent.register(FRONT)
    shop.replug("front", at=OTHER)

    async with running_agent(shop, tmp_path, serial_ports=(OTHER,)) as agent:
        await agent.until_online(front)
        await pays(shop, agent, front, "front")


@pytest.mark.parametrize("order", [*permutations(NAMES)][1:], ids=" ".join)
async def test_readers_that_swap_ports_all_work(
    order: tuple[str, ...], shop: World, agent: Agent
) -> None:
    await swap_and_pay(shop, agent, order)


@pytest.mark.parametrize("order", [*permutations(NAMES)][1::4], ids=" ".join)
async def test_readers_swap_ports_without_news_of_them(
    order: tuple[str, ...], shop: World, deaf_agent: Agent
) -> None:
    await swap_and_pay(shop, deaf_agent, order)


async def test_a_stranger_on_the_port_is_not_taken_for_the_reader(
    shop: World, agent: Agent
) -> None:
    front = await agent.register(FRONT)
    shop.reader("front").unplug()
    shop.reader("back").unplug()
    wire = shop.pipes.pop(BACK)
    shop.pipes[OTHER] = shop.pipes.pop(FRONT)
    shop.pipes[FRONT] = wire
    shop.reader("back").plug()
    await asyncio.sleep(60)
    status = await agent.status(front)
    stranger = await agent.register(FRONT)
    shop.reader("front").plug()
    await agent.until_online(front)

    assert status == "offline"
    assert (await agent.shown(stranger))["serial_number"] == (
        shop.reader("back").serial_number
    )
    await pays(shop, agent, front, "front")
    await pays(shop, agent, stranger, "back")


async def test_a_lost_reader_that_is_registered_again_is_recognised(
    shop: World, agent: Agent
) -> None:
    front = await agent.register(FRONT)
    shop.reader("front").unplug()
    shop.pipes[OTHER] = shop.pipes.pop(FRONT)
    await agent.until_offline(front)
    shop.wire_faults(reader="front", to_host=WireFaults(drop=1.0))
    shop.reader("front").plug()
    await asyncio.sleep(30)
    shop.wire_faults(reader="front")

    answer = await agent.rest.post("/v1/terminal/readers", {"registration_code": OTHER})
    await agent.until_online(front)

    assert answer.error["code"] == "reader_already_registered"


async def test_without_news_of_ports_health_says_so_and_readers_come_back(
    shop: World, deaf_agent: Agent
) -> None:
    front = await deaf_agent.register(FRONT)
    shop.reader("front").unplug()
    await asyncio.sleep(100)
    health = (await deaf_agent.rest.get("/agent/health/ready")).json()
    shop.replug("front", at=OTHER)
    plugged_at_s = shop.clock.monotonic()
    await deaf_agent.until_online(front)

    codes = {cause["code"] for cause in health["causes"]}
    assert health["status"] == "unavailable"
    assert codes == {"terminal_reader_offline", "port_watch_unavailable"}
    assert shop.clock.monotonic() - plugged_at_s < 10


async def test_with_news_of_ports_health_is_good(agent: Agent) -> None:
    await agent.register(FRONT)

    assert good(await agent.rest.get("/agent/health/ready"))["status"] == "ready"


async def is_back(agent: Agent, reader: str) -> None:
    """Return when the reader's loss was noticed, and it is there again."""
    await agent.until_offline(reader)
    await agent.until_online(reader)


async def swap_and_pay(world: World, agent: Agent, order: tuple[str, ...]) -> None:
    """Plug the readers anew in this order, port by port; each must take payments."""
    ids = {name: await agent.register(DYNAPROX.code(name)) for name in NAMES}
    moved = [name for name, now in zip(NAMES, order, strict=True) if name != now]
    for name in moved:
        world.reader(name).unplug()
    wires = {name: world.pipes[DYNAPROX.code(name)] for name in NAMES}
    for port, name in zip(NAMES, order, strict=True):
        world.pipes[DYNAPROX.code(port)] = wires[name]
    for name in moved:
        world.reader(name).plug()
    await asyncio.gather(*(is_back(agent, ids[name]) for name in moved))

    for name in NAMES:
        await pays(world, agent, ids[name], name)


async def pays(world: World, agent: Agent, reader: str, name: str) -> None:
    """Hold that this reader, and no other, takes a payment."""
    world.customer("visa_approved", reader=name)
    action = await agent.pay(reader, await agent.intent())
    assert action["status"] == "succeeded"
