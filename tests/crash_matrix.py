"""One case of the crash matrix: a journey, the point of death, and what must hold after.

Killed there, the agent comes back on what was on the disk; the register repeats the call
that was cut off, as Stripe's SDKs do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from crash_invariants import (
    check_files,
    check_kept_cards,
    check_money,
    check_refunds,
    check_words,
    ends_of,
    pays_again,
)
from crash_journeys import Journey
from crash_register import Register
from flow_agent import running_agent
from flow_cables import DYNAPROX
from flow_world import World, running_world
from mortality import Fate, Point

from simulator.stripe_api.engine.faults import Delay

UNDER_WAY_S = 3.0
"""How long a request takes to be acted on that was under way at death."""
AN_HOUR_S = 3600.0
"""No confirm is repeated after it: the cardholder has left."""


@dataclass(frozen=True, slots=True)
class Case:
    """Where an agent dies, and when the next one starts."""

    journey: Journey
    point: Point
    back_after_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.journey}: {self.point}, back after {self.back_after_s:.0f} s"


async def points_of(journey: Journey, folder: Path) -> list[Point]:
    """Every point that the agent passes on this journey, in order."""
    fate = Fate(folder / "life")
    async with _world(journey) as world, _at_the_till(journey, world, fate) as register:
        await journey.walk(register, register.intents[0])
        # What is written a little later, and what is tidied up.
        await world.passed(1.0)
    return fate.passed


async def check(case: Case, folder: Path) -> None:
    """Kill there, come back, and hold all invariants against what is."""
    async with _world(case.journey) as world:
        fate = Fate(folder / "life", dies_at=case.point, hold_up=_holding_up(world))
        async with _at_the_till(case.journey, world, fate) as register:
            await _walk_until_death(case.journey, register, fate)
        world.mend_stripe()
        await world.passed(case.back_after_s)
        async with running_agent(world, fate.next_life) as register.agent:
            told = {**ends_of(register.agent), **register.told}
            await register.ended()
            await register.ask_again()
            await register.ended()
            await world.passed(UNDER_WAY_S)
            await check_money(world, register.agent, register.intents)
            await check_kept_cards(world, register.agent)
            await check_refunds(world, register.agent)
            check_words(register.agent, told)
            await pays_again(register)
    # It began as a copy of all that the dead one had left.
    check_files(fate.next_life)


def _world(journey: Journey) -> AbstractAsyncContextManager[World]:
    return running_world({"counter": journey.hardware or DYNAPROX})


@asynccontextmanager
async def _at_the_till(
    journey: Journey, world: World, fate: Fate
) -> AsyncIterator[Register]:
    """A register about to set out on the journey; whatever the agent does counts."""
    async with running_agent(world, fate.folder, fate=fate) as agent:
        reader = await agent.register(journey.code)
        is_smart = journey.hardware is None
        if not is_smart:
            await agent.until_online(reader)
        register = Register(world, agent, reader, is_smart)
        await register.new_intent(capture=journey.capture)
        journey.prepare(world)
        fate.is_watching = True
        yield register


async def _walk_until_death(journey: Journey, register: Register, fate: Fate) -> None:
    walking = asyncio.create_task(journey.walk(register, register.intents[0]))
    listening = asyncio.create_task(register.listen())
    dying = asyncio.create_task(fate.died.wait())
    try:
        async with asyncio.timeout(600):
            await dying
    finally:
        for task in (walking, listening, dying):
            task.cancel()
        await asyncio.wait({walking, listening, dying})


def _holding_up(world: World) -> Callable[[str, str], None]:
    def hold_up(method: str, path: str) -> None:
        world.stripe_fault(Delay(UNDER_WAY_S), method=method, path=path)

    return hold_up
