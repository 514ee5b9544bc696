"""One case of the offline crash matrix: a payment without network, and a death on its way.

Killed there, the agent comes back on what was on the disk, with or without network; in
the end Stripe has charged what the register was told was taken, and nothing else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_agent import good
from flow_world import World
from mortality import Fate, Point
from offline_shop import Shop, charges, open_shop, shop_world

from agent.ids import ReaderId
from agent.payments.payment import Payment
from agent.payments.states import Phase
from simulator.stripe_api.engine.faults import Delay

BESIDES = re.compile(r"TerminalObjectStore|/v1/terminal/(configurations|locations)")
UNDER_WAY_S = 3.0
LONGEST_S = 600.0
OPEN = ("queued", "forwarding")


@dataclass(frozen=True, slots=True)
class Journey:
    """One way to pay without network."""

    name: str
    card: str
    walk: Callable[[Shop], Coroutine[Any, Any, None]]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Case:
    """Where an agent dies, and whether the next one has network at once."""

    journey: Journey
    point: Point
    is_still_cut: bool = False

    def __str__(self) -> str:
        return f"{self.journey}: {self.point}{', still cut' * self.is_still_cut}"


async def pays_offline(shop: Shop, **more: str) -> None:
    """The network is away, and comes back after the payment."""
    await shop.world.network.cut()
    intent = await shop.new_intent(12_00, **more)
    good(await shop.process(intent))
    await shop.agent.ended(shop.reader)
    await shop.world.network.mend()
    await forwarded(shop)


async def holds_offline(shop: Shop) -> None:
    """The same, with money that is to be captured later."""
    await pays_offline(shop, capture_method="manual")


async def loses_the_network(shop: Shop) -> None:
    """The network fails while the cardholder looks for the card."""
    intent = await shop.new_intent()
    world = shop.world
    world.nobody()
    good(await shop.process(intent))
    await world.shown("PRESENT CARD")
    await world.network.cut()
    world.present("visa_approved")
    await shop.agent.ended(shop.reader)
    await world.network.mend()
    await forwarded(shop)


async def forwarded(shop: Shop) -> None:
    """Return when nothing waits any more."""
    shop.agent.assembled.services.offline.forwarder.wake()
    while not nothing_waits(await shop.totals()):
        await shop.world.passed(1.0)


def nothing_waits(totals: dict[str, int]) -> bool:
    return not any(totals.get(state) for state in OPEN)


JOURNEYS = (
    Journey("approved", "visa_approved", pays_offline),
    Journey("held", "visa_approved", holds_offline),
    Journey("declined later", "visa_declined", pays_offline),
    Journey("refused by the card", "visa_refuses_after_approval", pays_offline),
    Journey("network lost on the way", "visa_approved", loses_the_network),
)


async def points_of(journey: Journey, folder: Path) -> list[Point]:
    """Every point that the agent passes on this journey, in order."""
    fate = Fate(folder / "life")
    async with shop_world() as world, at_the_till(journey, world, fate) as shop:
        await journey.walk(shop)
        await world.passed(1.0)
    return [point for point in fate.passed if not BESIDES.search(point.name)]


async def check(case: Case, folder: Path) -> None:
    """Kill there, come back, and hold what the register was told against the money."""
    async with shop_world() as world:

        def hold_up(method: str, path: str) -> None:
            world.stripe_fault(Delay(UNDER_WAY_S), method=method, path=path)

        fate = Fate(folder / "life", dies_at=case.point, hold_up=hold_up)
        async with at_the_till(case.journey, world, fate) as shop:
            walking = asyncio.create_task(case.journey.walk(shop))
            async with asyncio.timeout(LONGEST_S):
                await fate.died.wait()
            walking.cancel()
            await asyncio.wait((walking,))
            told = payment_of(shop)
        world.mend_stripe()
        if case.is_still_cut:
            await world.network.cut()
        else:
            await world.network.mend()
        await come_back(case, world, fate.next_life, shop.reader, told)


async def come_back(
    case: Case, world: World, folder: Path, reader: str, told: Payment | None
) -> None:
    async with open_shop(world, folder, reader=reader) as shop:
        # What may have reached Stripe is asked after, for as long as it takes.
        await world.passed(UNDER_WAY_S)
        await world.network.mend()
        await shop.agent.ended(reader)
        await world.passed(UNDER_WAY_S)
        await forwarded(shop)
        payment = payment_of(shop)
        totals, journal = await shop.totals(), shop.agent.journal
        paid = [charge for charge in await charges(world) if charge["paid"]]
        tried = await charges(world)

        assert journal.offline.audit() == []
        journal.verify()
        assert len(tried) <= 1
        is_taken = payment is not None and payment.phase is Phase.SUCCEEDED
        assert len(paid) == (is_taken and case.journey.card != "visa_declined")
        if payment is not None and payment.is_stored_offline:
            assert sum(totals.values()) == 1
        is_held = bool(paid) and not paid[0]["captured"]
        assert len(journal.holds()) == is_held
        if told is not None and told.is_finished:
            assert payment is not None
            assert payment.outcome == told.outcome
        world.customer("visa_approved")
        next_one = await shop.pay(await shop.new_intent(3_00))
        assert next_one["status"] == "succeeded"


def payment_of(shop: Shop) -> Payment | None:
    """The reader's payment, as the agent knows it."""
    return shop.agent.assembled.actions.current(ReaderId(shop.reader))


@asynccontextmanager
async def at_the_till(
    journey: Journey, world: World, fate: Fate
) -> AsyncIterator[Shop]:
    """A shop about to set out; whatever its agent does from now on counts."""
    async with open_shop(world, fate.folder, fate=fate) as shop:
        await shop.agent.until_online(shop.reader)
        world.customer(journey.card)
        fate.is_watching = True
        yield shop
