"""A Stripe key is replaced while the agent runs; another account's or mode's is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_accounts import Hall, running_hall
from flow_world import running_world

NEW_KEY = "rk_test_" + "renewed" * 4
FIRST = "serial:/dev/counter"


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with running_world() as world, running_hall(world, tmp_path) as running:
        yield running


def lay_down(hall: Hall, key: str) -> None:
    """Replace the own account's key, as an administrator does."""
    (hall.folder / "stripe_api_key").write_text(key)


async def pay(hall: Hall, reader: str) -> str:
    hall.world.customer()
    intent = await hall.own.intent()
    action = await hall.own.pay(reader, intent)
    return str(action["status"])


async def test_a_new_key_is_used_without_a_restart(hall: Hall) -> None:
    reader = await hall.own.register(FIRST)
    assert await pay(hall, reader) == "succeeded"
    lay_down(hall, NEW_KEY)

    await hall.accounts.reload()
    hall.keys_used.clear()

    assert await pay(hall, reader) == "succeeded"
    assert hall.problem(None) is None
    assert hall.keys_used == {NEW_KEY[-4:]}


async def test_a_key_of_the_other_mode_is_not_taken(hall: Hall) -> None:
    lay_down(hall, "rk_live_" + "renewed" * 4)

    await hall.accounts.reload()

    assert hall.problem(None) == "stripe_key_not_renewed"
    assert await pay(hall, await hall.own.register(FIRST)) == "succeeded"


async def test_a_key_that_does_not_know_the_last_payment_is_not_taken(
    hall: Hall,
) -> None:
    reader = await hall.own.register(FIRST)
    await pay(hall, reader)
    # Stripe under the new key is one that has never heard of that payment.
    hall.world.simulator.stripe_api.reset()
    lay_down(hall, NEW_KEY)

    await hall.accounts.reload()

    health = (await hall.own.rest.get("/agent/health/ready")).json()
    (cause,) = [one for one in health["causes"] if "key" in one["code"]]
    assert cause["code"] == "stripe_key_not_renewed"
    assert "another account's" in cause["message"]


async def test_a_key_is_not_taken_while_stripe_cannot_be_asked(hall: Hall) -> None:
    await hall.world.network.cut()
    lay_down(hall, NEW_KEY)

    await hall.accounts.reload()
    refused = hall.problem(None)
    await hall.world.network.mend()
    await hall.accounts.reload()

    assert refused == "stripe_key_not_renewed"
    assert hall.problem(None) is None


@pytest.mark.parametrize("key", ["", "no key at all"])
async def test_a_file_without_a_key_leaves_the_one_in_use(hall: Hall, key: str) -> None:
    lay_down(hall, key)

    await hall.accounts.reload()

    assert hall.problem(None) == "settings_invalid"
    assert await pay(hall, await hall.own.register(FIRST)) == "succeeded"


async def test_a_further_accounts_key_is_renewed_without_disturbing_it(
    hall: Hall,
) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(FIRST)
    connected = other.assembled.fleet.session
    hall.write("stall-2", key=NEW_KEY)

    await hall.accounts.reload()
    hall.keys_used.clear()
    hall.world.customer()
    action = await other.pay(reader, await other.intent())

    assert action["status"] == "succeeded"
    assert hall.keys_used == {NEW_KEY[-4:]}
    assert hall.accounts.others["stall-2"].fleet.session == connected
