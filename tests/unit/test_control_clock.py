"""The simulator's time over its control routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from control_client import ask
from stripe_wire import Reply, StripeWire

from simulator.app import Simulator, build_simulator
from simulator.clock import ManualClock

DAY_S = 24 * 60 * 60


@pytest.fixture
def machine() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def simulator(machine: ManualClock) -> AsyncIterator[Simulator]:
    simulator = build_simulator(clock=machine, seed=1)
    async with simulator.stripe_api.running():
        yield simulator


async def change(simulator: Simulator, **changes: object) -> Any:
    answer = await ask(simulator.app, "POST", "/simulator/clock", body=changes)
    assert answer.status == 200
    return answer.content


async def test_clock_is_shown(simulator: Simulator) -> None:
    shown = (await ask(simulator.app, "GET", "/simulator/clock")).content

    assert shown == {
        "now": 1767225600,
        "now_ms": 1767225600000,
        "date": "2026-01-01T00:00:00+00:00",
        "frozen": False,
    }


async def test_frozen_clock_moves_only_when_advanced(
    simulator: Simulator, machine: ManualClock
) -> None:
    frozen = await change(simulator, frozen=True)
    machine.advance(60)
    advanced = await change(simulator, advance_s=1.5)
    resumed = await change(simulator, frozen=False)
    machine.advance(60)

    assert frozen["frozen"]
    assert advanced["now_ms"] - frozen["now_ms"] == 1500
    assert resumed["now_ms"] == advanced["now_ms"]
    assert (await change(simulator))["now_ms"] - resumed["now_ms"] == 60_000


async def test_clock_is_set_to_another_day(simulator: Simulator) -> None:
    shown = await change(simulator, now=946684800)

    assert shown["date"] == "2000-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [
        {"advance_s": -1},
        {"advance_s": "60"},
        {"now": 10**12},
        {"frozen": 1},
        {"speed": 2},
    ],
)
async def test_change_that_makes_no_sense_is_refused(
    simulator: Simulator, body: dict[str, object]
) -> None:
    answer = await ask(simulator.app, "POST", "/simulator/clock", body=body)

    assert answer.status == 400
    assert answer.content["error"]["code"] == "control_invalid"
    assert next(iter(body)) in answer.content["error"]["message"]


async def test_one_day_brings_all_retries_of_a_webhook(simulator: Simulator) -> None:
    async with StripeWire().open() as hook:
        hook.play(*(9 * [Reply(status=500)]))
        await _stripe(
            simulator, "webhook_endpoints", f"url={hook.url}&enabled_events[]=*"
        )
        await _stripe(simulator, "payment_intents", "amount=100&currency=usd")
        await simulator.stripe_api.webhooks.settled()
        await change(simulator, frozen=True)

        async with asyncio.timeout(10):
            await change(simulator, advance_s=DAY_S)

        assert len(hook.received) == 4


async def _stripe(simulator: Simulator, path: str, form: str) -> None:
    """One request to the simulated Stripe API."""
    answer = await ask(
        simulator.app,
        "POST",
        f"/v1/{path}",
        body=form.encode(),
        headers={"authorization": "Bearer sk_test_simulator0123456789"},
    )
    assert answer.status == 200
