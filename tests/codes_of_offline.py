"""Every code of payments without network, met by a register."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

from code_scenes import Scenario
from flow_agent import good, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_world import STRIPE_KEY, World
from offline_entries import OTHER_KEY
from offline_shop import (
    INTENTS,
    KEY,
    SETTINGS,
    Shop,
    allow_offline,
    open_shop,
    shop_world,
    stored,
)

from agent.settings import OfflineKey, OfflineSettings
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.reader.actions import PresentCard
from simulator.stripe_api.engine.faults import AnswerStatus

NEO = Hardware("idtech_vp3300", WireKind.STREAM)
WITH_KEYPAD = Hardware("magtek_dynaflex_ii_ped", WireKind.HID)
LIVE_KEY = STRIPE_KEY.replace("test", "live")
LONG_AGO = "2026-01-01T00:00:00.000000Z"


@asynccontextmanager
async def cut_off(
    folder: Path,
    *,
    hardware: Hardware = DYNAPROX,
    settings: OfflineSettings = SETTINGS,
    key: OfflineKey | None = KEY,
) -> AsyncIterator[Shop]:
    """A shop whose network has just failed."""
    async with (
        shop_world(hardware) as world,
        open_shop(world, folder, hardware=hardware, settings=settings, key=key) as shop,
    ):
        world.customer("visa_approved")
        await world.network.cut()
        yield shop


def no_intent(
    code: str, *, amount: int = 5_00, currency: str = "usd", **more: str
) -> dict[str, Scenario]:
    """An intent that is not made here."""

    async def scene(folder: Path) -> str:
        async with cut_off(folder) as shop:
            answer = await shop.intent(amount, currency=currency, **more)
        return str(answer.error["code"])

    return {code: scene}


def no_card(
    code: str,
    card: str = "visa_approved",
    *,
    currency: str = "usd",
    hardware: Hardware = NEO,
) -> dict[str, Scenario]:
    """A card that is not taken."""

    async def scene(folder: Path) -> str:
        async with cut_off(folder, hardware=hardware) as shop:
            shop.world.customer(card)
            return await refused(shop, currency=currency)

    return {code: scene}


async def refused(shop: Shop, *, currency: str = "usd") -> str:
    """The code with which a payment ends of which nothing is to be charged."""
    action = await shop.pay(await shop.new_intent(5_00, currency=currency))
    assert action["status"] == "failed"
    assert await shop.totals() in ({}, {"voided": 1})
    return str(action["failure_code"])


async def an_expired_card(folder: Path) -> str:
    async with cut_off(folder, hardware=NEO) as shop:
        card = shop.world.simulator.cards.named("visa_approved")
        account = replace(card.account, exp_year=2020)
        shop.world.nobody()
        shop.world.when_waiting(
            PresentCard(replace(card, account=account), Entry.CONTACT)
        )
        return await refused(shop)


async def a_swipe(folder: Path) -> str:
    async with cut_off(folder, hardware=NEO) as shop:
        await shop.world.network.mend()
        shop.world.nobody()
        good(await shop.process(await shop.new_intent()))
        await shop.world.passed(5.0)
        await shop.world.network.cut()
        shop.world.present("visa_approved", entry="swipe")
        action = await shop.agent.ended(shop.reader)
        assert await shop.totals() == {}
    return str(action["failure_code"])


async def a_test_card_where_money_is_real(folder: Path) -> str:
    async with shop_world() as world:
        world.customer("visa_approved")
        async with open_shop(world, folder) as before:
            reader = before.reader
        await allow_offline(world, LIVE_KEY)
        async with open_shop(world, folder, reader=reader, stripe_key=LIVE_KEY) as shop:
            await shop.agent.assembled.services.configurations.known(None)
            await world.network.cut()
            return await refused(shop)


async def too_much_stored(folder: Path) -> str:
    async with cut_off(folder) as shop:
        for _ in range(5):
            await shop.pay_offline(95_00)
        return str((await shop.intent(30_00)).error["code"])


async def too_many_stored(folder: Path) -> str:
    few = SETTINGS.model_copy(update={"max_payments": 1})
    async with cut_off(folder, settings=few) as shop:
        await shop.pay_offline(1_00)
        return str((await shop.intent(1_00)).error["code"])


async def stored_too_long(folder: Path) -> str:
    soon = SETTINGS.model_copy(update={"max_age_s": 3600.0})
    async with cut_off(folder, settings=soon) as shop:
        await shop.pay_offline(1_00)
        await shop.world.passed(3601.0)
        return str((await shop.intent(1_00)).error["code"])


async def no_key(folder: Path) -> str:
    async with cut_off(folder, key=None) as shop:
        return str((await shop.intent()).error["code"])


async def a_month_without_network(folder: Path) -> str:
    async with shop_world() as world:
        async with open_shop(world, folder) as before:
            reader = before.reader
        with closing(sqlite3.connect(folder / "journal.db")) as file, file:
            file.execute("UPDATE terminal_objects SET fetched_at = ?", (LONG_AGO,))
        await world.network.cut()
        async with open_shop(world, folder, reader=reader) as shop:
            return str((await shop.intent(1_00)).error["code"])


async def not_enabled(folder: Path) -> str:
    async with cut_off(folder, settings=OfflineSettings()) as shop:
        answer = await shop.intent(offline_behavior="force_offline")
    return str(answer.error["code"])


async def captured_too_early(folder: Path) -> str:
    async with cut_off(folder) as shop:
        intent = await shop.pay_offline(more={"capture_method": "manual"})
        answer = await shop.agent.rest.post(f"{INTENTS}/{intent}/capture")
    return str(answer.error["code"])


async def refused_by_stripe(folder: Path) -> str:
    async with cut_off(folder) as shop:
        await shop.pay_offline()
        shop.world.stripe_fault(AnswerStatus(400), path=INTENTS, times=None)
        await shop.world.network.mend()
        await shop.until(failed=1)
        return await cause(shop, "offline_forwarding_failed")


async def a_removed_record(folder: Path) -> str:
    async with shop_world() as world:
        reader = await stored(world, folder, count=1)
        with closing(sqlite3.connect(folder / "journal.db")) as file, file:
            file.execute("DROP TRIGGER offline_entries_are_never_deleted")
            file.execute("DELETE FROM offline_entries")
        async with open_shop(world, folder, reader=reader) as shop:
            return await cause(shop, "offline_record_damaged")


async def another_key(folder: Path) -> str:
    async with shop_world() as world:
        reader = await stored(world, folder, count=1)
        return await failed(world, folder, reader, key=OTHER_KEY)


async def another_mode(folder: Path) -> str:
    async with shop_world() as world:
        reader = await stored(world, folder, count=1)
        return await failed(world, folder, reader, stripe_key=LIVE_KEY)


async def paid_by_another_card(folder: Path) -> str:
    async with shop_world() as world:
        async with open_shop(world, folder) as shop:
            world.nobody()
            intent = await shop.new_intent()
            good(await shop.process(intent))
            await world.shown("PRESENT CARD")
            await world.network.cut()
            world.present("visa_approved")
            await shop.agent.ended(shop.reader)
        await world.network.mend()
        # Another register, with an agent of its own, has the same intent paid.
        (other := folder / "other").mkdir()
        async with running_agent(world, other) as till:
            world.customer("mastercard_approved")
            reader = await till.register()
            await till.pay(reader, intent)
        return await failed(world, folder, shop.reader)


async def failed(
    world: World,
    folder: Path,
    reader: str,
    *,
    key: OfflineKey = KEY,
    stripe_key: str = STRIPE_KEY,
) -> str:
    """Why the one stored payment cannot be forwarded."""
    async with open_shop(
        world, folder, reader=reader, key=key, stripe_key=stripe_key
    ) as shop:
        await world.network.mend()
        await shop.until(failed=1)
        (payment,) = (await shop.status())["payments"]
    return str(payment["failure_code"])


async def cause(shop: Shop, code: str) -> str:
    """The code, if it is among the causes of health."""
    health = (await shop.agent.rest.get("/agent/health/ready")).json()
    return next(str(one["code"]) for one in health["causes"] if one["code"] == code)


OFFLINE: dict[str, Scenario] = {
    **no_intent("amount_exceeds_max_offline_amount", amount=100_01),
    **no_intent("invalid_offline_currency", currency="eur"),
    **no_intent("offline_parameter_unsupported", customer="cus_1"),
    **no_intent(
        "not_connected_to_internet_and_require_online_set",
        offline_behavior="require_online",
    ),
    "force_offline_with_feature_disabled": not_enabled,
    "offline_encryption_keys_unavailable": no_key,
    "offline_payments_database_too_large": too_many_stored,
    "offline_payments_too_old": stored_too_long,
    "offline_stored_amount_too_large": too_much_stored,
    "location_connection_not_available_offline": a_month_without_network,
    **no_card("interac_not_supported_offline", "interac_approved", currency="cad"),
    **no_card("eftpos_not_supported_offline", "eftpos_au_debit", currency="aud"),
    **no_card("online_pin_not_supported_offline", "visa_online_pin"),
    **no_card("offline_card_not_identified", hardware=WITH_KEYPAD),
    **no_card("offline_transaction_declined", "visa_refuses_after_approval"),
    "offline_and_card_expired": an_expired_card,
    "card_swipe_not_available": a_swipe,
    "test_card_in_livemode": a_test_card_where_money_is_real,
    "offline_payment_intent_not_forwarded": captured_too_early,
    "offline_forwarding_failed": refused_by_stripe,
    "offline_record_damaged": a_removed_record,
    "encryption_key_failure": another_key,
    "offline_mode_mismatch": another_mode,
    "offline_intent_already_settled": paid_by_another_card,
}
"""Payments without network: on their way in, and on their way out."""
