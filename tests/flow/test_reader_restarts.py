"""Readers are restarted in the hours that their Configuration has for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from flow_agent import Stack, running_agent
from flow_cables import EACH_FAMILY_ON_EACH_KIND, Hardware
from flow_world import running_world
from skipping_loop import NOON

from agent.events import Event, ReaderReconnectStarted

NOW = NOON.astimezone().hour
each_hardware = pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)


@asynccontextmanager
async def shop(
    folder: Path, *, start: int, end: int, hardware: Hardware
) -> AsyncIterator[Stack]:
    """A reader that is to restart between these hours, which begin at noon's as 0."""
    async with running_world({"counter": hardware}) as world:
        path = "/v1/terminal/configurations"
        listed = await world.stripe("GET", f"{path}?is_account_default=true")
        form = {
            "reboot_window[start_hour]": str((NOW + start) % 24),
            "reboot_window[end_hour]": str((NOW + end) % 24),
        }
        await world.stripe("POST", f"{path}/{listed['data'][0]['id']}", form)
        async with running_agent(world, folder) as agent:
            reader = await agent.register(hardware.code("counter"))
            yield Stack(world, agent, reader)


def restarts(told: Iterable[Event]) -> int:
    reasons = [e.reason for e in told if isinstance(e, ReaderReconnectStarted)]
    return reasons.count("reboot_requested")


@each_hardware
async def test_a_reader_restarts_once_in_its_window_and_takes_payments_again(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, start=0, end=1, hardware=hardware) as stack:
        with stack.agent.events.listen() as events:
            await stack.world.passed(3000.0)
            told = [events.get_nowait() for _ in range(events.qsize())]
        await stack.agent.until_online(stack.reader)
        stack.world.customer("visa_approved")

        action = await stack.agent.pay(stack.reader, await stack.agent.intent())

    assert restarts(told) == 1
    assert action["status"] == "succeeded"


@pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND[:1], ids=str)
async def test_outside_of_its_window_a_reader_is_left_alone(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, start=2, end=3, hardware=hardware) as stack:
        with stack.agent.events.listen() as events:
            await stack.world.passed(7000.0)
            before = [events.get_nowait() for _ in range(events.qsize())]
            await stack.world.passed(600.0)
            within = [events.get_nowait() for _ in range(events.qsize())]

    assert (restarts(before), restarts(within)) == (0, 1)


@each_hardware
async def test_a_payment_is_never_cut_off_by_a_restart(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, start=0, end=1, hardware=hardware) as stack:
        stack.world.customer("visa_approved", after_s=45.0)
        await stack.world.passed(270.0)
        intent = await stack.agent.intent(12_00)
        with stack.agent.events.listen() as events:
            action = await stack.agent.pay(stack.reader, intent)
            meanwhile = [events.get_nowait() for _ in range(events.qsize())]
            await stack.world.passed(600.0)
            after = [events.get_nowait() for _ in range(events.qsize())]

        assert action["status"] == "succeeded"
        assert await stack.taken(intent) == [12_00]
    assert (restarts(meanwhile), restarts(after)) == (0, 1)
