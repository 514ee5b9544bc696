"""Several merchants at one machine: each is charged for alone, and sees itself alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from code_scenes import code_of
from flow_accounts import Hall, running_hall
from flow_agent import Agent, good
from flow_cables import DYNAPROX
from flow_world import World, running_world

from agent.rest.auth import KeyScope, make_key

FIRST, SECOND = "serial:/dev/first", "serial:/dev/second"


class Merchants:
    """A hall with two stalls: the own account's at `first`, another at `second`."""

    def __init__(self, hall: Hall, other: Agent, stripe: World) -> None:
        self.hall, self.own, self.other = hall, hall.own, other
        self.others_stripe = stripe
        self.stripe = hall.world


@pytest_asyncio.fixture
async def merchants(tmp_path: Path) -> AsyncIterator[Merchants]:
    async with AsyncExitStack() as stack:
        readers = {"first": DYNAPROX, "second": DYNAPROX}
        world = await stack.enter_async_context(running_world(readers))
        elsewhere = await stack.enter_async_context(running_world(seed=2))
        hall = await stack.enter_async_context(running_hall(world, tmp_path))
        other = await hall.add("stall-2", stripe=elsewhere)
        yield Merchants(hall, other, elsewhere)


async def test_each_merchant_is_paid_by_its_own_customers(merchants: Merchants) -> None:
    first = await merchants.own.register(FIRST)
    second = await merchants.other.register(SECOND)
    merchants.stripe.customer(reader="first")
    merchants.stripe.customer(reader="second", only=False)
    one, two = await merchants.own.intent(12_00), await merchants.other.intent(34_00)

    await merchants.own.begin(first, one)
    await merchants.other.begin(second, two)

    assert (await merchants.own.ended(first))["status"] == "succeeded"
    assert (await merchants.other.ended(second))["status"] == "succeeded"
    assert await merchants.stripe.taken(one) == [12_00]
    assert await merchants.others_stripe.taken(two) == [34_00]
    assert merchants.stripe.asked("/confirm")[0] == 1
    assert merchants.others_stripe.asked("/confirm")[0] == 1


async def test_no_key_sees_anything_of_another_account(merchants: Merchants) -> None:
    reader = await merchants.own.register(FIRST)
    merchants.stripe.customer(reader="first")
    intent = await merchants.own.intent()
    await merchants.own.pay(reader, intent)
    paid = good(await merchants.own.rest.get("/agent/payments"))["payments"][0]
    event = good(await merchants.own.rest.get("/v1/events"))["data"][0]["id"]
    stranger = merchants.other.rest

    refusals = [
        await stranger.get(f"/v1/terminal/readers/{reader}"),
        await stranger.get(f"/agent/payments/{paid['id']}"),
        await stranger.get(f"/v1/events/{event}"),
        await stranger.get(f"/v1/payment_intents/{intent}"),
        await merchants.other.process(reader, intent),
        await stranger.post(f"/v1/terminal/readers/{reader}/cancel_action"),
        await stranger.request("DELETE", f"/v1/terminal/readers/{reader}"),
    ]

    assert {answer.status for answer in refusals} == {404}
    assert good(await stranger.get("/v1/terminal/readers"))["data"] == []
    assert good(await stranger.get("/agent/payments"))["payments"] == []
    assert good(await stranger.get("/v1/events"))["data"] == []


async def test_merchants_do_not_see_who_else_is_there(merchants: Merchants) -> None:
    refused = await merchants.other.rest.get("/agent/accounts")
    metrics = await merchants.other.rest.get("/agent/metrics")

    shown = await merchants.hall.operators()

    assert (refused.status, code_of(refused)) == (403, "accounts_forbidden")
    assert b'account="stall-2"' not in metrics.body
    assert [one["name"] for one in shown] == [None, "stall-2"]
    assert [one["status"] for one in shown] == ["working", "working"]


async def test_a_reader_belongs_to_one_account_until_it_is_deleted_there(
    merchants: Merchants,
) -> None:
    reader = await merchants.own.register(FIRST)
    form = {"registration_code": FIRST}
    readers = "/v1/terminal/readers"

    refused = await merchants.other.rest.post(readers, form)
    good(await merchants.own.rest.request("DELETE", f"{readers}/{reader}"))
    moved = good(await merchants.other.rest.post(readers, form))

    assert code_of(refused) == "reader_of_other_account"
    assert moved["status"] == "online"
    assert moved["id"] != reader


async def test_a_disconnected_reader_still_belongs_to_its_account(
    merchants: Merchants,
) -> None:
    reader = await merchants.own.register(FIRST)
    good(await merchants.own.rest.post(f"/agent/readers/{reader}/disconnect"))

    refused = await merchants.other.rest.post(
        "/v1/terminal/readers", {"registration_code": FIRST}
    )

    assert code_of(refused) == "reader_of_other_account"
    good(await merchants.own.rest.post(f"/agent/readers/{reader}/connect"))
    assert await merchants.own.status(reader) == "online"


async def test_one_merchants_lost_reader_is_not_sought_at_anothers(
    merchants: Merchants,
) -> None:
    first = await merchants.own.register(FIRST)
    second = await merchants.other.register(SECOND)

    merchants.stripe.reader("first").unplug()
    await merchants.own.until_offline(first)
    await merchants.stripe.passed(120)

    assert await merchants.other.status(second) == "online"
    merchants.stripe.reader("first").plug()
    await merchants.own.until_online(first)


async def test_metrics_of_all_accounts_are_told_apart(merchants: Merchants) -> None:
    reader = await merchants.other.register(SECOND)
    merchants.stripe.customer(reader="second")
    await merchants.other.pay(reader, await merchants.other.intent())

    told = (await merchants.own.rest.get("/agent/metrics")).body.decode()

    ended = [line for line in told.splitlines() if "payments_ended_total{" in line]
    assert [line for line in ended if not line.endswith(" 0.0")] == [
        'cardlane_payments_ended_total{account="stall-2",outcome="succeeded"} 1.0'
    ]
    assert 'cardlane_payments_ended_total{outcome="succeeded"} 0.0' in ended
    assert told.count("# TYPE cardlane_payments_ended_total counter") == 1


async def test_health_names_the_account_in_trouble(merchants: Merchants) -> None:
    await merchants.own.register(FIRST)
    await merchants.other.register(SECOND)
    merchants.stripe.reader("second").unplug()
    await merchants.other.until_true(
        lambda: merchants.other.assembled.fleet.sessions()[0].status == "offline"
    )

    health = await merchants.own.rest.get("/agent/health/ready")

    (cause,) = [
        one
        for one in health.json()["causes"]
        if one["code"] != "port_watch_unavailable"
    ]
    assert (health.status, health.json()["status"]) == (200, "degraded")
    assert (cause["account"], cause["code"]) == ("stall-2", "terminal_reader_offline")


async def test_an_operator_without_a_key_is_no_merchant_in_trouble(
    tmp_path: Path,
) -> None:
    async with (
        running_world() as world,
        running_hall(world, tmp_path, key=None) as hall,
    ):
        alone = await hall.own.rest.get("/agent/health/ready")
        await hall.add("stall-2")
        beside = await hall.own.rest.get("/agent/health/ready")

    assert alone.status == 503
    assert (beside.status, beside.json()["status"]) == (200, "ready")


@pytest.mark.parametrize("scope", [KeyScope.PAYMENTS, KeyScope.EVENTS])
async def test_a_key_needs_its_scope_in_every_account(
    merchants: Merchants, scope: KeyScope
) -> None:
    services = merchants.hall.accounts.others["stall-2"]
    made = make_key(
        frozenset({scope}),
        label="",
        livemode=False,
        random=services.random,
        at=services.clock.now(),
    )
    await services.journal.keys.put(made.record)
    form = {"registration_code": SECOND}
    headers = {"authorization": f"Bearer {made.secret}"}

    refused = await merchants.other.rest.post("/v1/terminal/readers", form, headers)

    assert code_of(refused) == "local_key_scope"
