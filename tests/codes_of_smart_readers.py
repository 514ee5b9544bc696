"""Every code of docs/errors.md that only one of Stripe's smart readers brings about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from code_scenes import Scenario
from flow_agent import good
from flow_smart_reader import READERS, SmartStack, running_smart_stack

from simulator.stripe_api.at_the_reader.deeds import SetNetwork

PROCESS = "process_payment_intent"


def at_a_smart_reader(act: Callable[[SmartStack], Awaitable[str | None]]) -> Scenario:
    """With an agent, a smart reader, and nobody who presents a card."""

    async def scenario(folder: Path) -> str:
        async with running_smart_stack(folder) as smart:
            return str(await act(smart))

    return scenario


async def somebody_else_takes_the_reader(smart: SmartStack) -> str | None:
    other = await smart.agent.intent(7_00)
    good(await smart.process(await smart.agent.intent(12_00)))
    path = f"{READERS}/{smart.reader}/{PROCESS}"
    await smart.world.stripe("POST", path, {"payment_intent": other})
    return (await smart.ended()).failure_code


async def reader_loses_its_network(smart: SmartStack) -> str | None:
    good(await smart.process(await smart.agent.intent(12_00)))
    smart.do(SetNetwork(is_up=False))
    smart.do(smart.card())
    await smart.world.passed(5.0)
    smart.do(SetNetwork(is_up=True))
    return (await smart.ended()).failure_code


SMART_READERS: dict[str, Scenario] = {
    "action_replaced": at_a_smart_reader(somebody_else_takes_the_reader),
    "connection_error": at_a_smart_reader(reader_loses_its_network),
}
