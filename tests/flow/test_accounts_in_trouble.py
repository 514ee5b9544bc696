"""What goes wrong while accounts come and go leaves no money and no reader behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from code_scenes import code_of
from flow_accounts import OTHER_KEY, Hall, running_hall
from flow_agent import good
from flow_cables import DYNAPROX
from flow_world import running_world
from offline_entries import store

from simulator.stripe_api.engine.faults import Delay

FIRST, SECOND = "serial:/dev/first", "serial:/dev/second"
NEW_KEY = "rk_test_" + "renewed" * 4
ODD_FLEET = (
    '[fleet]\nbroker = "mqtt://localhost"\nmachine = "stall"\norders = ["dance"]\n'
)


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    readers = {"first": DYNAPROX, "second": DYNAPROX}
    async with (
        running_world(readers) as world,
        running_hall(world, tmp_path) as running,
    ):
        yield running


async def take_away(hall: Hall) -> None:
    """Remove the account's file, and have that noticed."""
    (hall.files / "stall-2.toml").unlink()
    await hall.accounts.reload()


async def test_a_payment_that_was_just_asked_for_is_waited_for(hall: Hall) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(SECOND)
    intent = await other.intent()
    slowly = Delay(2.0)
    hall.world.stripe_fault(slowly, method="GET", path="/v1/payment_intents/*")
    asking = asyncio.create_task(other.process(reader, intent))
    await hall.world.passed(1)

    await take_away(hall)

    assert (await asking).status == 200
    assert hall.names() == []
    back = await hall.add("stall-2")
    (begun,) = good(await back.rest.get("/agent/payments"))["payments"]
    assert (begun["outcome"], begun["charged"]) == ("canceled", "no")


async def test_an_account_with_stored_payments_stays(hall: Hall) -> None:
    other = await hall.add("stall-2")
    await store(other.journal)

    await take_away(hall)

    assert hall.problem("stall-2") == "account_unsettled"
    assert hall.names() == ["stall-2"]


async def test_settings_that_cannot_be_used_end_nobody(hall: Hall) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(SECOND)
    hall.write("stall-2", more='[offline]\nkey_file = "/nowhere"\n')

    await hall.accounts.reload()

    assert hall.problem("stall-2") == "settings_invalid"
    assert await other.status(reader) == "online"


async def test_another_accounts_key_is_not_put_to_an_old_journal(hall: Hall) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(SECOND)
    hall.world.customer(reader="second")
    await other.pay(reader, await other.intent())
    await take_away(hall)
    # Stripe under the new key is one that has never heard of that payment.
    hall.world.simulator.stripe_api.reset()
    hall.write("stall-2", key=NEW_KEY)

    await hall.accounts.reload()
    refused = hall.problem("stall-2")
    hall.write("stall-2", key=OTHER_KEY)
    await hall.accounts.reload()

    assert refused == "stripe_key_not_renewed"
    assert hall.names() == ["stall-2"]


async def test_a_reader_of_a_failed_account_is_free_and_comes_back(hall: Hall) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(SECOND)
    hall.write("stall-2", more=ODD_FLEET)
    await hall.accounts.reload()
    failed = hall.status("stall-2")
    asked = await other.rest.get(f"/v1/terminal/readers/{reader}")

    hall.write("stall-2")
    await hall.accounts.reload()

    assert (failed, asked.status) == ("failed", 503)
    assert code_of(asked) == "account_unavailable"
    back = await hall.agent("stall-2")
    await back.until_online(reader)
    refused = await hall.own.rest.post(
        "/v1/terminal/readers", {"registration_code": SECOND}
    )
    assert code_of(refused) == "reader_of_other_account"


async def test_an_agent_starts_without_a_folder_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "accounts.d").touch()

    async with running_world() as world, running_hall(world, tmp_path) as hall:
        shown = await hall.operators(action="reload")

    assert [one["name"] for one in shown] == [None]
    assert shown[0]["problem"]["code"] == "settings_invalid"


async def test_without_stripe_others_do_not_wait_for_an_account(hall: Hall) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(SECOND)
    hall.world.customer(reader="second")
    await other.pay(reader, await other.intent())
    await take_away(hall)
    hall.write("stall-2", key=NEW_KEY)
    forever = Delay(25.0)
    hall.world.stripe_fault(forever, method="GET", path="/v1/payment_intents/*")
    began_s = hall.world.clock.monotonic()

    await hall.accounts.reload()

    assert hall.world.clock.monotonic() - began_s < 6
    await hall.world.passed(60)
    assert hall.names() == ["stall-2"]
