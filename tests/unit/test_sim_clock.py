"""The simulators' clocks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from simulator.clock import AdjustableClock, ManualClock, SystemClock


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


def test_adjustable_clock_goes_with_its_base() -> None:
    base = ManualClock()
    clock = AdjustableClock(base)
    fired: list[float] = []
    clock.call_later(3, lambda: fired.append(clock.monotonic()))
    clock.call_later(2, lambda: fired.append(clock.monotonic()))

    base.advance(5)

    assert (clock.now(), clock.monotonic()) == (base.now(), base.monotonic())
    assert fired == [2, 3]


def test_frozen_clock_stands_still_and_goes_on_where_it_stood() -> None:
    base = ManualClock()
    clock = AdjustableClock(base)
    fired: list[bool] = []
    clock.call_later(10, lambda: fired.append(True))
    clock.freeze()

    base.advance(60)
    stood_at, was_fired = clock.monotonic(), fired.copy()
    clock.resume()
    base.advance(10)

    assert (stood_at, was_fired) == (0, [])
    assert (clock.monotonic(), fired) == (10, [True])


@pytest.mark.parametrize("is_frozen", [True, False])
def test_advanced_clock_calls_what_falls_due_in_order(is_frozen: bool) -> None:
    base = ManualClock()
    clock = AdjustableClock(base)
    fired: list[float] = []

    def again() -> None:
        fired.append(clock.monotonic())
        clock.call_later(30, lambda: fired.append(clock.monotonic()))

    clock.call_later(60, again)
    if is_frozen:
        clock.freeze()

    clock.advance(100)

    assert fired == [60, 90]
    assert clock.now() == base.now() + timedelta(seconds=100)


def test_clock_that_was_advanced_still_goes() -> None:
    base = ManualClock()
    clock = AdjustableClock(base)
    fired: list[float] = []
    clock.advance(100)
    clock.call_later(5, lambda: fired.append(clock.monotonic()))

    base.advance(5)

    assert fired == [105]


def test_set_clock_shows_another_day_without_anything_falling_due() -> None:
    clock = AdjustableClock(ManualClock())
    fired: list[bool] = []
    clock.call_later(60, lambda: fired.append(True))
    past = datetime(2020, 1, 1, tzinfo=UTC)

    clock.set(past)

    assert (clock.now(), clock.monotonic(), fired) == (past, 0, [])


def test_resuming_a_clock_that_goes_changes_nothing() -> None:
    base = ManualClock()
    clock = AdjustableClock(base)
    clock.advance(7)

    clock.resume()

    assert (clock.monotonic(), clock.is_frozen) == (7, False)


def test_next_timer_is_known_and_cancelled_ones_do_not_count() -> None:
    clock = AdjustableClock(ManualClock())
    first = clock.call_later(5, lambda: None)
    clock.call_later(9, lambda: None)

    before = clock.next_due_s()
    first.cancel()

    assert (before, clock.next_due_s()) == (5, 9)


async def test_adjustable_clock_wakes_by_the_machines_clock() -> None:
    clock = AdjustableClock(SystemClock())
    called = asyncio.Event()

    clock.call_later(0.001, called.set)
    async with asyncio.timeout(5):
        await called.wait()

    assert clock.next_due_s() is None
