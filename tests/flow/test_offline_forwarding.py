"""Forwarding, whatever happens on the way: once each, and nothing silently lost."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from random import Random  # noqa: TID251 - the tests' seeded source

import pytest
from flow_agent import good
from flow_world import World
from offline_entries import OTHER_KEY
from offline_shop import INTENTS, KEY, Shop, charges, open_shop, shop_world, stored
from skipping_loop import SetClock

from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
)

ALMOST_A_DAY_S = 23.2 * 3600
UNGUARD = (
    "DROP TRIGGER offline_entries_are_never_changed",
    "DROP TRIGGER offline_entries_are_never_deleted",
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with shop_world() as running:
        running.customer("visa_approved")
        yield running


@pytest.fixture
async def shop(world: World, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(world, tmp_path) as running:
        await world.network.cut()
        yield running


def tamper(folder: Path, *statements: str) -> None:
    """Change the stored payments with a database tool."""
    with closing(sqlite3.connect(folder / "journal.db")) as file, file:
        for statement in (*UNGUARD, *statements):
            file.execute(statement)


@pytest.mark.parametrize(
    "fault",
    [
        LoseReply(),
        ResetConnection(),
        CutBody(40),
        AnswerStatus(500),
        AnswerStatus(503),
        AnswerStatus(429),
        AnswerStatus(409),
    ],
    ids=repr,
)
@pytest.mark.parametrize("card", ["visa_approved", "visa_declined"])
async def test_an_answer_that_is_lost_is_asked_for_under_the_same_key(
    fault: Fault, card: str, shop: Shop
) -> None:
    shop.world.customer(card)
    await shop.pay_offline()
    shop.world.forget_requests()
    shop.world.stripe_fault(fault, path=INTENTS, times=3)

    await shop.world.network.mend()
    await shop.until(**{"forwarded" if card == "visa_approved" else "declined": 1})

    requests, keys = shop.world.asked(INTENTS)
    assert requests >= 2
    assert len(keys) == 1
    assert len(await charges(shop.world)) == 1


async def test_they_are_forwarded_in_their_order(shop: Shop) -> None:
    for amount in (1_00, 2_00, 3_00):
        await shop.pay_offline(amount)

    await shop.world.network.mend()
    await shop.until(forwarded=3)

    amounts = [charge["amount"] for charge in reversed(await charges(shop.world))]
    assert amounts == [1_00, 2_00, 3_00]


async def test_a_refused_request_is_kept_until_somebody_has_it_tried_again(
    shop: Shop,
) -> None:
    await shop.pay_offline()
    shop.world.stripe_fault(AnswerStatus(400), path=INTENTS, times=None)
    await shop.world.network.mend()
    await shop.until(failed=1)
    health = (await shop.agent.rest.get("/agent/health/ready")).json()
    shop.world.mend_stripe()

    good(await shop.agent.rest.post("/agent/offline", {"action": "forward"}))
    await shop.until(forwarded=1)

    assert "offline_forwarding_failed" in [cause["code"] for cause in health["causes"]]
    assert len(await charges(shop.world)) == 1


async def test_a_key_that_may_not_charge_keeps_payments_waiting(shop: Shop) -> None:
    await shop.pay_offline()
    shop.world.stripe_fault(AnswerStatus(401), path=INTENTS, times=2)

    await shop.world.network.mend()
    await shop.until(forwarded=1)

    assert len(await charges(shop.world)) == 1


@pytest.mark.parametrize("ahead_s", [0.0, -48 * 3600.0], ids=["right", "set_back"])
async def test_a_restored_backup_charges_nobody_twice(
    world: World, tmp_path: Path, ahead_s: float
) -> None:
    file, copy = tmp_path / "journal.db", tmp_path / "copy.db"
    reader = await stored(world, tmp_path, count=2)
    copy.write_bytes(file.read_bytes())
    async with open_shop(world, tmp_path, reader=reader) as shop:
        await world.network.mend()
        await shop.until(forwarded=2)
    file.write_bytes(copy.read_bytes())
    # Stripe may soon forget the keys under which it was asked.
    await world.passed(ALMOST_A_DAY_S)
    world.forget_requests()
    clock = SetClock()
    clock.ahead_s = ahead_s

    async with open_shop(world, tmp_path, reader=reader, clock=clock) as again:
        await again.until(forwarded=2)

    assert world.asked(INTENTS) == (0, set())
    assert len(await charges(world)) == 2


async def test_a_tampered_record_is_told_and_the_others_are_forwarded(
    world: World, tmp_path: Path
) -> None:
    reader = await stored(world, tmp_path, count=3)
    tamper(
        tmp_path,
        "UPDATE offline_entries SET body = replace(body, '\"amount\":1200', '\"amount\":1')"
        " WHERE json_extract(body, '$.number') = 2",
    )

    async with open_shop(world, tmp_path, reader=reader) as shop:
        await world.network.mend()
        await shop.until(forwarded=2, failed=1)
        status = await shop.status()
        health = (await shop.agent.rest.get("/agent/health/ready")).json()
        kept = shop.agent.journal.events.read(after=0, limit=1000)

    (damage,) = status["damages"]
    (failed,) = [one for one in status["payments"] if one["status"] == "failed"]
    assert (damage["damage"], damage["payment"]) == ("changed", failed["payment"])
    assert failed["failure_code"] == "offline_record_damaged"
    assert "offline_record_damaged" in [cause["code"] for cause in health["causes"]]
    assert "offline_record_damaged" in [event.type for event in kept]
    assert [charge["amount"] for charge in await charges(world)] == [12_00, 12_00]


async def test_an_exchanged_ciphertext_is_told(world: World, tmp_path: Path) -> None:
    reader = await stored(world, tmp_path, count=2)
    tamper(
        tmp_path,
        "UPDATE offline_sealed SET sealed = (SELECT max(sealed) FROM offline_sealed)",
    )

    async with open_shop(world, tmp_path, reader=reader) as shop:
        await world.network.mend()
        await shop.until(forwarded=1, failed=1)
        failed = [
            p for p in (await shop.status())["payments"] if p["status"] == "failed"
        ]

    assert [one["failure_code"] for one in failed] == ["offline_record_damaged"]
    assert len(await charges(world)) == 1


async def test_a_removed_record_is_missed(world: World, tmp_path: Path) -> None:
    reader = await stored(world, tmp_path, count=3)
    tamper(
        tmp_path,
        "DELETE FROM offline_entries WHERE seq = (SELECT max(seq) FROM offline_entries)",
    )

    async with open_shop(world, tmp_path, reader=reader) as shop:
        await world.network.mend()
        await shop.until(forwarded=2)
        status = await shop.status()

    assert [one["damage"] for one in status["damages"]] == ["vanished"]


async def test_another_key_forwards_nothing_and_loses_nothing(
    world: World, tmp_path: Path
) -> None:
    reader = await stored(world, tmp_path, count=1)
    async with open_shop(world, tmp_path, reader=reader, key=OTHER_KEY) as wrong:
        await world.network.mend()
        await wrong.until(failed=1)
        (failed,) = (await wrong.status())["payments"]

    async with open_shop(world, tmp_path, reader=reader, key=KEY) as right:
        await right.until(forwarded=1)

    assert failed["failure_code"] == "encryption_key_failure"
    assert len(await charges(world)) == 1


async def test_without_its_key_what_is_stored_waits_and_health_says_so(
    world: World, tmp_path: Path
) -> None:
    reader = await stored(world, tmp_path, count=1)
    async with open_shop(world, tmp_path, reader=reader, key=None) as shop:
        await world.network.mend()
        await shop.world.passed(5.0)
        health = (await shop.agent.rest.get("/agent/health/ready")).json()
        status = await shop.status()

    code = "offline_encryption_keys_unavailable"
    assert code in [cause["code"] for cause in health["causes"]]
    assert status["problem"]["code"] == code
    assert status["totals"]["forwarding"]["amounts"] == {"usd": 12_00}


async def test_what_keeps_payments_waiting_is_told_while_stripe_is_asked_again(
    shop: Shop,
) -> None:
    await shop.pay_offline()
    await shop.until(forwarding=1)
    shop.world.stripe_fault(Delay(20.0), path=INTENTS)
    await shop.world.network.mend()
    await shop.world.passed(10.0)

    while_asking = await shop.status()
    await shop.until(forwarded=1)

    assert while_asking["totals"]["forwarding"]["payments"] == 1
    assert while_asking["problem"]["code"] == "stripe_unreachable"
    assert (await shop.status())["problem"] is None


async def test_health_says_that_stripe_cannot_be_reached(shop: Shop) -> None:
    await shop.pay_offline()
    await shop.until(forwarding=1)
    await shop.world.passed(10.0)

    unwell = await shop.agent.rest.get("/agent/health/ready")
    await shop.world.network.mend()
    await shop.until(forwarded=1)
    well = await shop.agent.rest.get("/agent/health/ready")

    assert unwell.status == 200
    assert [each["code"] for each in unwell.json()["causes"]] == ["stripe_unreachable"]
    assert well.json()["status"] == "ready"


async def test_an_intent_that_was_canceled_meanwhile_is_told(
    world: World, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path) as shop:
        intent = await shop.new_intent()
        world.nobody()
        good(await shop.process(intent))
        await world.shown("PRESENT CARD")
        await world.network.cut()
        world.present("visa_approved")
        await shop.agent.ended(shop.reader)
    await world.network.mend()
    await world.stripe("POST", f"{INTENTS}/{intent}/cancel")

    async with open_shop(world, tmp_path, reader=shop.reader) as again:
        await again.until(failed=1)
        (failed,) = (await again.status())["payments"]

    assert failed["failure_code"] == "payment_intent_unexpected_state"
    assert await charges(world) == []


@pytest.mark.parametrize("seed", range(4))
async def test_a_bad_network_charges_each_payment_once(shop: Shop, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - no secret
    faults: list[Fault] = [
        LoseReply(),
        ResetConnection(),
        CutBody(40),
        *map(AnswerStatus, (409, 429, 500, 503)),
    ]
    for number in range(12):
        shop.world.customer("visa_declined" if number % 4 == 3 else "visa_approved")
        await shop.pay_offline(1_00 + number * 1_00)
    for _ in range(25):
        times = chance.randint(1, 3)
        shop.world.stripe_fault(chance.choice(faults), path=INTENTS, times=times)

    for _ in range(6):
        await shop.world.network.mend()
        await shop.world.passed(chance.uniform(0.1, 20.0))
        await shop.world.network.cut()
        await shop.world.passed(chance.uniform(0.1, 20.0))
    await shop.world.network.mend()
    await shop.until(forwarded=9, declined=3)

    tried = await charges(shop.world)
    assert len(tried) == 12
    assert sum(charge["paid"] for charge in tried) == 9
