"""Sixteen readers on sixteen real terminals, in real time, on one agent."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from flow_agent import Agent, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_world import World, running_world

from agent.events import PhaseChanged
from agent.payments.states import FINAL
from simulator.reader.wires.pty import PtyWire

NAMES = [f"till{number:02}" for number in range(16)]
HARDWARE = {
    name: Hardware("idtech_vp6800") if number % 2 else DYNAPROX
    for number, name in enumerate(NAMES)
}
ROUNDS = 3
MOST_AHEAD = 2
"""Payments between the quickest and the slowest reader, at any time."""
LONGEST_S = 60.0


async def test_sixteen_terminals_are_served_alike_and_all_come_back(
    tmp_path: Path,
) -> None:
    wires = {name: PtyWire(str(tmp_path / name)) for name in NAMES}
    async with (
        asyncio.timeout(LONGEST_S),
        running_world(HARDWARE, wires=wires) as world,
        running_agent(world, tmp_path) as agent,
    ):
        codes = [f"serial:{tmp_path / name}" for name in NAMES]
        readers = await asyncio.gather(*map(agent.register, codes))
        for name in NAMES:
            world.customer("visa_approved", reader=name, only=False)

        before = await serve(agent, readers)
        await replug(world, agent, readers)
        after = await serve(agent, readers)

    assert before == after == dict.fromkeys(readers, ROUNDS)


async def serve(agent: Agent, readers: list[str]) -> dict[str, int]:
    """Take some payments on each reader at once; how many each has taken.

    Holds that none is ever far ahead of another.
    """
    completed = Counter(dict.fromkeys(readers, 0))

    async def pay(reader: str) -> None:
        for _ in range(ROUNDS):
            action = await agent.pay(reader, await agent.intent())
            assert action["status"] == "succeeded"

    async def count() -> None:
        with agent.events.listen() as events:
            while min(completed.values()) < ROUNDS:
                event = await events.get()
                if isinstance(event, PhaseChanged) and event.phase in FINAL:
                    completed[event.reader_id] += 1
                    ahead = max(completed.values()) - min(completed.values())
                    assert ahead <= MOST_AHEAD

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(count())
        for reader in readers:
            tasks.create_task(pay(reader))
    return dict(completed)


async def replug(world: World, agent: Agent, readers: list[str]) -> None:
    """Pull all cables, and put them back."""
    for name in NAMES:
        world.reader(name).unplug()
    for reader in readers:
        await agent.until_offline(reader)
    for name in NAMES:
        world.reader(name).plug()
    for reader in readers:
        await agent.until_online(reader)
