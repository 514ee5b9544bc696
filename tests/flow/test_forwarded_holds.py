"""Held money of payments that were stored offline: followed from their forwarding on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from flow_agent import good
from flow_world import World
from offline_shop import INTENTS, Shop, open_shop, shop_world
from skipping_loop import SkippingLoop

HOUR_S = 3600
DAY_S = 24 * HOUR_S
WARNED_AFTER_S = DAY_S + HOUR_S
"""Stripe holds money for two days; the agent warns a day before the end."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.may_take(4 * DAY_S)
    async with shop_world() as running:
        running.customer("visa_approved")
        yield running


async def held_offline(shop: Shop) -> str:
    """The register's id of a payment that was stored, and whose money is held now."""
    await shop.world.network.cut()
    intent = await shop.pay_offline(more={"capture_method": "manual"})
    await shop.world.network.mend()
    await shop.until(forwarded=1)
    return intent


async def listed(shop: Shop) -> list[Any]:
    """The payments that the agent takes for held."""
    held = good(await shop.agent.rest.get("/agent/payments?held=true"))
    return list(held["payments"])


def warnings(shop: Shop) -> list[str]:
    """The PaymentIntents that registers were warned of, by Stripe's ids."""
    events = shop.agent.journal.events.read(after=0, limit=10_000)
    told = [one for one in events if one.type == "authorization_expiring"]
    return [one.data.split('"payment_intent":"')[1].split('"')[0] for one in told]


async def test_what_was_forwarded_to_be_captured_is_listed_as_held(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        intent = await held_offline(shop)

        (payment,) = await listed(shop)

        assert payment["payment_intent"] == intent
        assert payment["next_step"] == "capture"
        assert payment["payment_intent_status"] == "requires_capture"
        ends_in_s = payment["capture_before"] - world.clock.now().timestamp()
        assert ends_in_s == pytest.approx(2 * DAY_S, abs=HOUR_S)


async def test_it_is_warned_of_once_by_the_id_that_stripe_has(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        await held_offline(shop)
        (payment,) = await listed(shop)
        early = warnings(shop)

        await world.passed(WARNED_AFTER_S)
        in_time = warnings(shop)
        await world.passed(5 * HOUR_S)

        assert early == []
        assert in_time == [payment["offline"]["payment_intent"]]
        assert warnings(shop) == in_time


async def test_what_was_due_while_the_agent_was_off_is_warned_of_after_its_start(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        await held_offline(shop)
    await world.passed(WARNED_AFTER_S)

    async with open_shop(world, tmp_path, reader=shop.reader) as again:
        await world.passed(60)

        assert len(warnings(again)) == 1
        assert len(await listed(again)) == 1

    async with open_shop(world, tmp_path, reader=shop.reader) as once_more:
        await world.passed(HOUR_S)

        assert len(warnings(once_more)) == 1


@pytest.mark.parametrize("whose", ["stripe's", "the register's"])
@pytest.mark.parametrize(
    ("verb", "charged"), [("capture", "yes"), ("cancel", "no")], ids=str
)
async def test_captured_or_canceled_by_either_id_it_is_held_no_longer(
    whose: str, verb: str, charged: str, world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        intent = await held_offline(shop)
        (payment,) = await listed(shop)
        of_stripe = payment["offline"]["payment_intent"]
        named = of_stripe if whose == "stripe's" else intent

        good(await shop.agent.rest.post(f"{INTENTS}/{named}/{verb}"))
        await world.passed(1)

        assert await listed(shop) == []
        assert (await shop.payment(intent))["charged"] == charged
        assert (await shop.payment(of_stripe))["charged"] == charged
        await world.passed(WARNED_AFTER_S)
        assert warnings(shop) == []


async def test_an_intent_of_stripes_that_was_stored_is_followed_too(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        world.nobody()
        intent = await shop.new_intent(12_00, capture_method="manual")
        good(await shop.process(intent))
        await world.shown("PRESENT CARD")
        await world.network.cut()
        world.present("visa_approved")
        await shop.agent.ended(shop.reader)
        await world.network.mend()
        await shop.until(forwarded=1)

        (payment,) = await listed(shop)

        assert payment["payment_intent"] == intent
        assert payment["charge"] is not None
        await world.passed(WARNED_AFTER_S)
        assert warnings(shop) == [intent]


async def test_what_was_captured_at_once_is_not_held(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        await world.network.cut()
        await shop.pay_offline()
        await world.network.mend()
        await shop.until(forwarded=1)

        assert await listed(shop) == []


async def test_forwarding_and_its_hold_are_written_together_or_not_at_all(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        await world.network.cut()
        await shop.pay_offline(more={"capture_method": "manual"})
        shop.agent.journal.disk.is_full = True
        await world.network.mend()
        await world.passed(60)
        meanwhile = await shop.totals(), await listed(shop)
        shop.agent.journal.free_disk()
        await shop.until(forwarded=1)

        assert "forwarded" not in meanwhile[0]
        assert meanwhile[1] == []
        assert len(await listed(shop)) == 1
        shop.agent.journal.verify()
