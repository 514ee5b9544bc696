"""Every code of docs/errors.md of forms and carts on readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from code_scenes import Scenario, at_the_till, code_of
from flow_agent import COUNTER, Stack, good, running_agent
from flow_cables import Hardware
from flow_world import running_world

from simulator.reader.screen import ReaderState

VP6800 = Hardware("idtech_vp6800")
CHOICE = {
    "inputs[0][type]": "selection",
    "inputs[0][custom_text][title]": "A bag?",
    "inputs[0][selection][choices][0][id]": "yes",
    "inputs[0][selection][choices][0][text]": "Yes",
}
EMAIL = {"inputs[0][type]": "email", "inputs[0][custom_text][title]": "Email"}
CART = {
    "type": "cart",
    "cart[currency]": "usd",
    "cart[line_items][0][description]": "Tea",
    "cart[line_items][0][amount]": "300",
    "cart[line_items][0][quantity]": "1",
    "cart[total]": "300",
}


async def asks_for_letters(stack: Stack) -> str:
    path = f"/v1/terminal/readers/{stack.reader}/collect_inputs"
    return code_of(await stack.agent.rest.post(path, EMAIL))


async def nobody_answers(stack: Stack) -> str:
    path = f"/v1/terminal/readers/{stack.reader}/collect_inputs"
    good(await stack.agent.rest.post(path, CHOICE))
    return str((await stack.agent.ended(stack.reader))["failure_code"])


async def is_killed_while_a_form_is_shown(folder: Path) -> str:
    async with running_world({"counter": VP6800}) as world:
        async with running_agent(world, folder) as agent:
            reader = await agent.register(COUNTER)
            path = f"/v1/terminal/readers/{reader}/collect_inputs"
            good(await agent.rest.post(path, CHOICE))
            await world.is_in(ReaderState.WAITING_FOR_CUSTOMER)
        async with running_agent(world, folder) as agent:
            return failure_of(await agent.ended(reader))


async def is_killed_before_a_cart_is_shown(folder: Path) -> str:
    async with running_world({"counter": VP6800}) as world:
        async with running_agent(world, folder) as agent:
            reader = await agent.register(COUNTER)
            agent.journal.sleeps_at = "performed"
            path = f"/v1/terminal/readers/{reader}/set_reader_display"
            good(await agent.rest.post(path, CART))
            await agent.journal.asleep.wait()
        async with running_agent(world, folder) as agent:
            return failure_of(await agent.ended(reader))


def failure_of(action: Any) -> str:
    assert action["status"] == "failed"
    return str(action["failure_code"])


INPUTS: dict[str, Scenario] = {
    "collect_inputs_unsupported": at_the_till(asks_for_letters, hardware=VP6800),
    "collect_inputs_timeout": at_the_till(nobody_answers, hardware=VP6800),
    "collect_inputs_interrupted": is_killed_while_a_form_is_shown,
    "set_reader_display_interrupted": is_killed_before_a_cart_is_shown,
}
