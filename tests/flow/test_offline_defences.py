"""What must not happen to stored payments, whoever or whatever tries to make it happen."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from flow_agent import good
from flow_world import World
from offline_shop import INTENTS, SETTINGS, Shop, charges, open_shop, shop_world, stored

from agent.payments.states import Phase
from simulator.stripe_api.engine.faults import Delay, ResetConnection


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with shop_world() as running:
        running.customer("visa_approved")
        yield running


@pytest.fixture
async def shop(world: World, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(world, tmp_path) as running:
        yield running


async def test_an_agent_cut_off_before_the_cards_word_keeps_the_payment(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        await world.network.cut()
        world.nobody()
        journal = shop.agent.journal
        journal.sleeps_at = "action_finished"
        good(await shop.process(await shop.new_intent()))
        await world.shown("PRESENT CARD")
        world.present("visa_approved")
        await journal.asleep.wait()

    async with open_shop(world, tmp_path, reader=shop.reader) as revived:
        await world.network.mend()
        await revived.until(forwarded=1)

    assert len(await charges(world)) == 1


async def test_a_disk_that_fills_up_stores_nothing_and_charges_nobody(
    shop: Shop,
) -> None:
    await shop.world.network.cut()
    intent = await shop.new_intent()
    shop.agent.journal.fills_up_at = "stored_offline"
    good(await shop.process(intent))
    await shop.agent.journal.fell_full.wait()
    shop.agent.journal.free_disk()

    action = await shop.agent.ended(shop.reader)
    await shop.world.network.mend()

    assert action["failure_code"] == "payment_interrupted"
    assert await shop.totals() == {}
    assert await charges(shop.world) == []


async def test_entries_that_make_no_sense_hold_up_nobody_else(
    world: World, tmp_path: Path
) -> None:
    reader = await stored(world, tmp_path, count=2)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as file, file:
        file.execute("DROP TRIGGER offline_entries_are_never_changed")
        file.execute(
            "UPDATE offline_entries SET kind = 'unknown' WHERE kind = 'forward_started'"
        )

    async with open_shop(world, tmp_path, reader=reader) as shop:
        await world.network.mend()
        await shop.world.passed(30.0)
        status = await shop.status()

    shown = {one["status"] for one in status["payments"]}
    assert shown == {"forwarded", "failed"}
    assert [one["damage"] for one in status["damages"]] == ["changed"]
    assert len(await charges(world)) == 1


async def test_a_sealed_part_that_is_gone_is_told(world: World, tmp_path: Path) -> None:
    reader = await stored(world, tmp_path, count=1)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as file, file:
        file.execute("DELETE FROM offline_sealed")

    async with open_shop(world, tmp_path, reader=reader) as shop:
        await world.network.mend()
        await shop.until(failed=1)
        (failed,) = (await shop.status())["payments"]

    assert failed["failure_code"] == "offline_record_damaged"


async def test_an_intent_of_this_machine_that_was_exchanged_is_not_paid(
    shop: Shop, tmp_path: Path
) -> None:
    await shop.world.network.cut()
    cheap, dear = await shop.new_intent(1_00), await shop.new_intent(99_00)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as file, file:
        file.execute(
            "UPDATE offline_intents SET sealed = (SELECT sealed FROM offline_intents"
            " WHERE payment_intent = ?) WHERE payment_intent = ?",
            (cheap, dear),
        )

    answer = await shop.process(dear)

    assert answer.error["code"] == "offline_record_damaged"


async def test_a_stripe_that_does_not_answer_is_not_waited_for(shop: Shop) -> None:
    shop.world.stripe_fault(Delay(seconds=600.0), path=INTENTS, times=None)
    began_s = shop.world.clock.monotonic()

    intent = await shop.new_intent()

    waited_s = shop.world.clock.monotonic() - began_s
    assert intent.startswith("pi_offline_")
    assert waited_s <= SETTINGS.decide_within_s + 1


async def test_an_intent_that_stripe_does_not_show_in_time_is_not_waited_for(
    shop: Shop,
) -> None:
    intent = await shop.new_intent()
    shop.world.stripe_fault(
        Delay(seconds=600.0), method="GET", path=f"{INTENTS}/*", times=None
    )
    began_s = shop.world.clock.monotonic()

    answer = await shop.process(intent)

    waited_s = shop.world.clock.monotonic() - began_s
    assert answer.error["code"] == "stripe_unreachable"
    assert waited_s <= SETTINGS.decide_within_s + 1


async def test_a_confirm_that_was_lost_stays_unknown_while_the_network_is_away(
    shop: Shop,
) -> None:
    # A tapped card has left: nobody takes back what Stripe says late.
    shop.world.customer("visa_approved", entry="contactless")
    intent = await shop.new_intent()
    shop.world.stripe_fault(ResetConnection(), times=1)
    good(await shop.process(intent))
    await shop.agent.until(shop.reader, Phase.UNKNOWN)
    await shop.world.network.cut()
    await shop.world.passed(60.0)

    payment = shop.agent.assembled.actions.unsettled()
    await shop.world.network.mend()
    action = await shop.agent.ended(shop.reader)

    assert [one.payment_intent for one in payment] == [intent]
    assert action["status"] == "succeeded"
    assert await shop.totals() == {}
    assert await shop.world.taken(intent) == [12_00]


async def test_a_required_answer_that_was_lost_makes_no_intent_here(
    shop: Shop,
) -> None:
    await shop.world.network.cut()

    answer = await shop.intent(offline_behavior="require_online")

    assert answer.status == 503
    assert not (await shop.status())["payments"]


async def test_a_paid_intent_of_this_machine_cannot_be_canceled(shop: Shop) -> None:
    await shop.world.network.cut()
    intent = await shop.pay_offline()

    answer = await shop.agent.rest.post(f"{INTENTS}/{intent}/cancel")

    assert answer.error["code"] == "intent_invalid_state"
