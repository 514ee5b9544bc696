"""One case of the crash matrix: a journey, the point of death, and what must hold after.

Killed there, the agent comes back on what was on the disk; the register repeats the call
that was cut off, as Stripe's SDKs do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

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
from told_invariants import check_events

from simulator.stripe_api.engine.faults import Delay

BESIDES = re.compile(r"TerminalObjectStore|/v1/terminal/(configurations|locations)")
UNDER_WAY_S = 3.0
"""How long a request takes to be acted on that was under way at death."""
LONGEST_S = 600.0
"""By then a journey has passed all its points."""
AN_HOUR_S = 3600.0
"""No confirm is repeated after it: the cardholder has left."""


@dataclass(frozen=True, slots=True)
class Case:
    """Where an agent dies, and when the next one starts."""

    journey: Journey
    point: Point
    back_after_s: float = 0.0
    again: Point | None = None
    """Where the next one dies too, on its way of recovery."""

    def __str__(self) -> str:
        again = "" if self.again is None else f", then {self.again}"
        return (
            f"{self.journey}: {self.point}, back after {self.back_after_s:.0f} s{again}"
        )


async def points_of(journey: Journey, folder: Path) -> list[Point]:
    """Every point that the agent passes on this journey, in order.

    Without those of what it does besides, which may come later at another time.
    """
    fate = Fate(folder / "life")
    async with _world(journey) as world, _at_the_till(journey, world, fate) as register:
        await journey.walk(register, register.intents[0])
        # What is written a little later, and what is tidied up.
        await world.passed(1.0)
    return _of_the_journey(fate)


async def points_of_recovery(case: Case, folder: Path) -> list[Point]:
    """Every such point that the next agent passes until nothing is open any more."""
    async with _world(case.journey) as world:
        register, folder = await _die(case, world, folder)
        fate = Fate(folder, is_watching=True)
        await _recover(register, fate)
    return _of_the_journey(fate)


async def check(case: Case, folder: Path) -> None:
    """Kill there, come back, and hold all invariants against what is."""
    async with _world(case.journey) as world:
        register, folder = await _die(case, world, folder)
        if case.again is not None:
            fate = _fate(folder, world, dies_at=case.again)
            fate.is_watching = True
            # Whether the register had asked once more when the first life ended is
            # between its call and the disk: without that call the point is not passed.
            has_died = await _until_death_or_end(fate, _recover(register, fate))
            folder = fate.next_life if has_died else fate.folder
        async with running_agent(world, folder) as register.agent:
            told = {**ends_of(register.agent), **register.told}
            await _settle(register)
            await world.passed(UNDER_WAY_S)
            await check_money(world, register.agent, register.intents)
            await check_kept_cards(world, register.agent)
            await check_refunds(world, register.agent)
            check_words(register.agent, told)
            await pays_again(register)
            check_events(register.agent)
    # It began as a copy of all that the dead one had left.
    check_files(folder)


async def _die(case: Case, world: World, folder: Path) -> tuple[Register, Path]:
    """Set out and die; who had asked, and what was on the disk."""
    fate = _fate(folder / "life", world, dies_at=case.point)
    async with _at_the_till(case.journey, world, fate) as register:
        await _until_death(
            fate, case.journey.walk(register, register.intents[0]), register.listen()
        )
    world.mend_stripe()
    await world.passed(case.back_after_s)
    return register, fate.next_life


async def _recover(register: Register, fate: Fate) -> None:
    """The next life, until nothing is open any more."""
    world = register.world
    async with running_agent(world, fate.folder, fate=fate) as register.agent:
        listening = asyncio.create_task(register.listen())
        try:
            await _settle(register)
        finally:
            listening.cancel()


async def _settle(register: Register) -> None:
    """What was open ends; what the register asked for is asked for again, and ends."""
    await register.ended()
    await register.ask_again()
    await register.ended()


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


async def _until_death(fate: Fate, *lives: Coroutine[Any, Any, None]) -> None:
    """Let these go on until the agent dies, which it must, and no longer."""
    living = {asyncio.create_task(life) for life in lives}
    try:
        async with asyncio.timeout(LONGEST_S):
            await fate.died.wait()
    finally:
        for task in living:
            task.cancel()
        await asyncio.wait(living)


async def _until_death_or_end(fate: Fate, life: Coroutine[Any, Any, None]) -> bool:
    """Let it go on until the agent dies, or all is done; whether it died."""
    living = asyncio.create_task(life)
    dying = asyncio.create_task(fate.died.wait())
    try:
        async with asyncio.timeout(LONGEST_S):
            await asyncio.wait({living, dying}, return_when=asyncio.FIRST_COMPLETED)
        return dying.done()
    finally:
        living.cancel()
        dying.cancel()
        await asyncio.wait({living, dying})


def _of_the_journey(fate: Fate) -> list[Point]:
    """Without what is done besides, and without question after question.

    An agent that polls learns nothing between the first of them and the last.
    """
    passed = [point for point in fate.passed if not BESIDES.search(point.name)]
    runs = (list(run) for _, run in groupby(passed, key=_question))
    return [
        point
        for run in runs
        for point in (run if _question(run[0]) is None else _first_and_last(run))
    ]


def _question(point: Point) -> str | None:
    """What Stripe is asked there; None where something is done."""
    return point.name if point.name.startswith("GET ") else None


def _first_and_last(run: list[Point]) -> list[Point]:
    turns = {run[0].turn, run[-1].turn}
    return [point for point in run if point.turn in turns]


def _fate(folder: Path, world: World, *, dies_at: Point) -> Fate:
    def hold_up(method: str, path: str) -> None:
        world.stripe_fault(Delay(UNDER_WAY_S), method=method, path=path)

    return Fate(folder, dies_at=dies_at, hold_up=hold_up)
