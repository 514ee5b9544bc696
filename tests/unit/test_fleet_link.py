"""The way to a broker that is not there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_clock import StillClock
from rest_fakes import Agent, running_agent

from agent.fleet.link import LONGEST_WAIT_S, Broker, FleetLink, Told
from agent.fleet.obedience import Obedience
from agent.fleet.topics import Topics

ATTEMPTS = 14


class Patience(StillClock):
    """A clock that writes down how long is waited, and has enough at last."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        if len(self.waits_s) == ATTEMPTS:
            raise asyncio.CancelledError
        await super().sleep(seconds)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as running:
        yield running


def link(agent: Agent, *, port: int, clock: StillClock) -> FleetLink:
    return FleetLink(
        Broker("127.0.0.1", port, username=None, password=None, tls=None),
        Told(
            Topics("cardlane", "till"),
            livemode=False,
            since=clock.now(),
            readers=dict,
            metrics=dict,
            metrics_interval_s=60.0,
        ),
        obedience=Obedience(
            machine="till",
            keys={},
            allowed=frozenset(),
            store=agent.journal.fleet,
            clock=clock,
            deeds={},
        ),
        store=agent.journal.fleet,
        events=agent.journal.events,
        stream=agent.stream,
        bus=agent.events,
        clock=clock,
        random=bytes,
    )


async def test_a_broker_that_stays_away_is_asked_ever_more_seldom(
    agent: Agent,
) -> None:
    clock = Patience()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # Nobody else gets the port, and nobody listens.
        tried = link(agent, port=closed.getsockname()[1], clock=clock)

        with pytest.raises(asyncio.CancelledError):
            await tried.run()

    longest = [min(2.0**attempt, LONGEST_WAIT_S) for attempt in range(ATTEMPTS)]
    assert clock.waits_s == [wait_s * 0.5 for wait_s in longest]
    assert tried.unreachable_s() == sum(clock.waits_s[:-1])
