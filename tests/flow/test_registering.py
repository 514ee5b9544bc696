"""Readers come, go, are taken for others, and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import Agent, Stack, good, running_agent
from flow_cables import DYNAPROX
from flow_world import World, running_world

from agent.events import (
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
    ReaderStatusChanged,
)
from agent.ids import ReaderId
from simulator.faults import WireFaults

FRONT, BACK = "serial:/dev/front", "serial:/dev/back"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[World]:
    """Two readers, `front` and `back`."""
    async with running_world({"front": DYNAPROX, "back": DYNAPROX}) as world:
        yield world


@pytest_asyncio.fixture
async def agent(shop: World, tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(shop, tmp_path, serial_ports=(FRONT, BACK)) as running:
        yield running


async def test_a_live_key_takes_no_local_reader(shop: World, tmp_path: Path) -> None:
    live = "sk_live_" + "simulated" * 4
    async with running_agent(shop, tmp_path, key=live) as agent:
        answer = await register(agent, FRONT)

    assert answer["error"]["code"] == "local_reader_in_livemode"
    assert shop.reader("front").history[-1].state == "idle"


@pytest.mark.parametrize("code", ["com:1", "usb:1", "serial:relative", "tcp:x"])
async def test_what_is_no_port_of_this_machine_is_refused(
    code: str, agent: Agent
) -> None:
    answer = await register(agent, code)

    assert answer["error"]["code"] == "registration_code_invalid"


async def test_a_port_without_reader_is_refused(shop: World, agent: Agent) -> None:
    shop.reader("front").unplug()

    answer = await register(agent, FRONT)

    assert answer["error"]["code"] == "terminal_reader_offline"


async def test_a_reader_is_registered_once(agent: Agent) -> None:
    await agent.register(FRONT)

    answer = await register(agent, FRONT)

    assert answer["error"]["code"] == "reader_already_registered"


async def test_a_registered_reader_is_known_on_another_port(
    shop: World, agent: Agent
) -> None:
    await agent.register(FRONT)
    swap_cables(shop)

    answer = await register(agent, BACK)

    assert answer["error"]["code"] == "reader_already_registered"


async def test_another_reader_on_the_port_is_not_used(
    shop: World, agent: Agent
) -> None:
    front = await agent.register(FRONT)
    swap_cables(shop)
    shop.reader("front").unplug()
    await asyncio.sleep(10)

    found = await agent.discovered(FRONT)
    answer = await agent.process(front, await agent.intent())

    assert found["serial_number"] == shop.reader("back").serial_number
    assert found["registered_as"] is None
    assert answer.error["code"] == "terminal_reader_offline"


async def test_a_reader_survives_the_agents_restart(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        front = await agent.register(FRONT)
        shop.customer("visa_declined", reader="front")
        ended = await agent.pay(front, await agent.intent())

    async with running_agent(shop, tmp_path) as agent:
        await agent.until_online(front)
        shown = await agent.action(front)
        shop.customer("visa_approved", reader="front")
        action = await agent.pay(front, await agent.intent())

    assert shown == ended
    assert action["status"] == "succeeded"


async def test_a_reader_is_renamed_and_labelled(agent: Agent) -> None:
    front = await agent.register(FRONT)
    path = f"/v1/terminal/readers/{front}"

    labelled = good(await agent.rest.post(path, {"label": "Front"}))
    described = good(await agent.rest.post(path, {"metadata[aisle]": "7"}))

    assert labelled["label"] == described["label"] == "Front"
    assert described["metadata"] == {"aisle": "7"}


async def test_a_deleted_reader_gives_its_port_back(agent: Agent) -> None:
    front = await agent.register(FRONT)
    path = f"/v1/terminal/readers/{front}"

    deleted = good(await agent.rest.request("DELETE", path))

    assert deleted["deleted"] is True
    assert (await agent.rest.get(path)).error["code"] == "resource_missing"
    assert await agent.register(FRONT) != front


async def test_readers_are_listed_newest_first(agent: Agent, shop: World) -> None:
    front = await agent.register(FRONT)
    await asyncio.sleep(1)
    back = await agent.register(BACK)

    listed = good(await agent.rest.get("/v1/terminal/readers"))

    assert [reader["id"] for reader in listed["data"]] == [back, front]


async def test_discovery_tells_of_every_port_what_is_there(
    shop: World, agent: Agent
) -> None:
    front = await agent.register(FRONT)
    shop.reader("back").unplug()

    registered = await agent.discovered(FRONT)
    missing = await agent.discovered(BACK)
    shop.reader("back").plug()
    found = await agent.discovered(BACK)

    assert registered["registered_as"] == front
    assert missing["problem"] == "reader_unavailable"
    assert found["problem"] is None
    assert found["serial_number"] == shop.reader("back").serial_number


async def test_coming_and_going_is_told(shop: World, agent: Agent) -> None:
    front = ReaderId(await agent.register(FRONT))
    with agent.events.listen() as events:
        shop.reader("front").unplug()
        gone = [await events.get() for _ in range(2)]
        shop.reader("front").plug()
        back = [await events.get() for _ in range(2)]

    assert gone == [
        ReaderStatusChanged(front, "offline", "reader_disconnected"),
        ReaderReconnectStarted(front, "serial_disconnected"),
    ]
    assert back == [
        ReaderReconnectSucceeded(front),
        ReaderStatusChanged(front, "online", None),
    ]


async def test_a_silent_reader_is_tried_again_until_it_speaks(stack: Stack) -> None:
    stack.world.reader().unplug()
    await stack.agent.until_offline(stack.reader)
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))
    stack.world.reader().plug()
    await asyncio.sleep(60)
    silent = await stack.agent.status(stack.reader)

    stack.world.wire_faults()
    await stack.agent.until_online(stack.reader)

    assert silent == "offline"


async def test_a_defect_in_one_driver_does_not_end_the_agent(
    shop: World, agent: Agent
) -> None:
    front, back = await agent.register(FRONT), await agent.register(BACK)
    shop.broken.add(FRONT)
    shop.reader("front").unplug()
    await asyncio.sleep(60)
    shop.customer("visa_approved", reader="back")

    found = await agent.discovered(BACK)
    action = await agent.pay(back, await agent.intent())

    assert found["registered_as"] == back
    assert action["status"] == "succeeded"
    assert await agent.status(front) == "offline"


def swap_cables(world: World) -> None:
    """Put each reader where the other one was."""
    for name in ("front", "back"):
        world.reader(name).unplug()
        world.reader(name).plug()
    world.pipes[FRONT], world.pipes[BACK] = world.pipes[BACK], world.pipes[FRONT]


async def register(agent: Agent, code: str) -> dict[str, dict[str, str]]:
    """The answer to a registration, whatever it is."""
    form = {"registration_code": code}
    answer: dict[str, dict[str, str]] = (
        await agent.rest.post("/v1/terminal/readers", form)
    ).json()
    return answer
