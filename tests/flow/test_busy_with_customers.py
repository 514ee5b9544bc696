"""While a reader asks a customer, nobody takes it away; the till goes on otherwise."""

from __future__ import annotations

import pytest
from flow_agent import Stack, good
from form_scenes import BAG, MENU, PAD, SIGNATURE, asked_for

from agent.ids import ReaderId
from simulator.reader.screen import ReaderState


@pytest.mark.parametrize("command", ["identify", "disconnect", "reboot"])
@pytest.mark.parametrize("hardware", [MENU, PAD], ids=str)
async def test_a_reader_that_asks_is_left_alone(stack: Stack, command: str) -> None:
    asked = BAG if stack.world.reader().model.name == MENU.model else SIGNATURE
    await asked_for(stack, asked)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)

    answer = await stack.agent.rest.post(f"/agent/readers/{stack.reader}/{command}")

    assert answer.json()["code"] == "terminal_reader_busy"
    assert stack.world.reader().screen.state is ReaderState.WAITING_FOR_CUSTOMER


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_firmware_waits_for_a_reader_that_asks(stack: Stack) -> None:
    actions = stack.agent.assembled.actions
    await asked_for(stack, BAG)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)

    while_asking = actions.is_idle(ReaderId(stack.reader))
    good(await stack.agent.cancel(stack.reader))

    assert not while_asking
    assert actions.is_idle(ReaderId(stack.reader))


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_form_is_no_trouble_of_the_agents(stack: Stack) -> None:
    await asked_for(stack, BAG)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)

    health = good(await stack.agent.rest.get("/agent/health/ready"))

    assert health == {"status": "ready", "causes": []}


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_stopping_the_agent_waits_for_no_customer(stack: Stack) -> None:
    await asked_for(stack, BAG)
    began_s = stack.world.clock.monotonic()

    await stack.agent.assembled.actions.drain(timeout_s=60)

    assert stack.world.clock.monotonic() == began_s
