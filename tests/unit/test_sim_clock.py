"""The simulators' clocks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from simulator.clock import ManualClock, SystemClock


def test_manual_clock_stands_still_until_advanced() -> None:
    clock = ManualClock(datetime(2026, 2, 3, tzinfo=UTC))

    clock.advance(90)

    assert clock.now() == datetime(2026, 2, 3, tzinfo=UTC) + timedelta(seconds=90)
    assert clock.monotonic() == 90


def test_timers_fire_in_order_of_their_time_and_see_it() -> None:
    clock = ManualClock()
    fired: list[tuple[str, float]] = []
    clock.call_later(2, lambda: fired.append(("second", clock.monotonic())))
    clock.call_later(1, lambda: fired.append(("first", clock.monotonic())))

    clock.advance(5)

    assert fired == [("first", 1), ("second", 2)]


def test_a_timer_started_by_a_timer_fires_within_the_same_advance() -> None:
    clock = ManualClock()
    fired: list[float] = []

    def start_another() -> None:
        clock.call_later(1, lambda: fired.append(clock.monotonic()))

    clock.call_later(1, start_another)

    clock.advance(2)

    assert fired == [2]


def test_a_cancelled_timer_never_fires() -> None:
    clock = ManualClock()
    fired: list[bool] = []
    timer = clock.call_later(1, lambda: fired.append(True))

    timer.cancel()
    clock.advance(2)

    assert fired == []


async def test_system_clock_is_aware_and_its_timers_use_the_loop() -> None:
    clock = SystemClock()
    called = asyncio.Event()
    before = clock.monotonic()

    clock.call_later(0, called.set)
    async with asyncio.timeout(5):
        await called.wait()

    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before
