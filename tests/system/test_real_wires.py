"""Payments over a real terminal and a real socket, in real time, cables pulled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flow_agent import Agent, running_agent
from flow_world import World, running_world

from simulator.faults import WireFaults
from simulator.reader.actions import Unplug
from simulator.reader.screen import ReaderState
from simulator.reader.wires.pty import PtyWire
from simulator.reader.wires.tcp import TcpWire

LONGEST_S = 20.0


@dataclass(frozen=True)
class Till:
    """An agent with one reader on a real wire."""

    world: World
    agent: Agent
    reader: str

    async def pay(self) -> tuple[str, str | None, list[int]]:
        """Status and failure code of a payment of 12.00, and what was taken."""
        intent = await self.agent.intent(12_00)
        async with asyncio.timeout(LONGEST_S):
            action = await self.agent.pay(self.reader, intent)
        return (
            action["status"],
            action["failure_code"],
            await self.world.taken(intent),
        )


@pytest.fixture(params=["pty", "tcp"])
async def till(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Till]:
    port = tmp_path / "counter"
    wire = PtyWire(str(port)) if request.param == "pty" else TcpWire("127.0.0.1", 0)
    async with running_world(wires={"counter": wire}) as world:
        code = f"serial:{port}" if request.param == "pty" else wire.spec
        async with running_agent(world, tmp_path) as agent:
            yield Till(world, agent, await agent.register(code))


@pytest.mark.parametrize(
    ("card", "end"),
    [
        ("visa_approved", ("succeeded", None, [12_00])),
        ("visa_declined", ("failed", "card_declined", [])),
        ("visa_refuses_after_approval", ("failed", "declined_by_reader", [])),
    ],
)
async def test_payments_end_as_on_a_pipe(
    card: str, end: tuple[str, str | None, list[int]], till: Till
) -> None:
    till.world.customer(card)

    assert await till.pay() == end


async def test_a_pulled_cable_is_noticed_at_once_and_put_back(till: Till) -> None:
    till.world.when(ReaderState.WAITING_FOR_CARD, Unplug())

    cut = await till.pay()
    await till.agent.until_offline(till.reader)
    till.world.reader().plug()
    async with asyncio.timeout(LONGEST_S):
        await till.agent.until_online(till.reader)
    till.world.customer("visa_approved")

    assert cut == ("failed", "reader_disconnected", [])
    assert await till.pay() == ("succeeded", None, [12_00])


@pytest.mark.parametrize("after", [1, 40, 200, 500, 700])
async def test_a_wire_cut_anywhere_is_survived(after: int, till: Till) -> None:
    till.world.customer("visa_approved")
    till.world.wire_faults(to_host=WireFaults(cut_after_bytes=after))

    status, _, taken = await till.pay()
    till.world.wire_faults()
    till.world.reader().plug()
    async with asyncio.timeout(LONGEST_S):
        await till.agent.until_online(till.reader)

    assert taken == ([12_00] if status == "succeeded" else [])
    assert await till.pay() == ("succeeded", None, [12_00])


async def test_bytes_that_come_one_by_one_make_a_payment(till: Till) -> None:
    till.world.customer("visa_approved")
    bytewise = WireFaults(piece_bytes=1)
    till.world.wire_faults(to_host=bytewise, to_reader=bytewise)

    assert await till.pay() == ("succeeded", None, [12_00])
