"""Time for the simulators: the machine's own, or one that moves only when told.

The only place in this package that reads a clock. Clocks give time and timers and
know nothing of what is timed.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol


class Timer(Protocol):
    """A callback that has not been called yet."""

    def cancel(self) -> None:
        """Forget the callback; harmless if it was called or cancelled before."""
        ...


class Clock(Protocol):
    """What the simulators ask about time."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, `delay_s` seconds from now, never before returning."""
        ...


class SystemClock:
    """The machine's clock; its timers need a running event loop."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock others are given

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()  # noqa: TID251 - this is the clock others are given

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` from the running event loop, `delay_s` seconds from now."""
        return asyncio.get_running_loop().call_later(delay_s, callback)


class ManualClock:
    """A clock that stands still until `advance` is called, for tests without sleeps."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """`start` is the first time of day shown; it must be aware."""
        self._start = start
        self._elapsed_s = 0.0
        self._order = count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Seconds this clock was advanced by."""
        return self._elapsed_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` from the `advance` that passes `delay_s` seconds from now."""
        timer = _ManualTimer(callback)
        due_s = self._elapsed_s + max(0.0, delay_s)
        heapq.heappush(self._timers, (due_s, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, calling what falls due in order of its time.

        A callback sees the time it asked for; timers it starts count too.
        """
        end_s = self._elapsed_s + seconds
        while self._timers and self._timers[0][0] <= end_s:
            self._elapsed_s, _, timer = heapq.heappop(self._timers)
            timer.fire()
        self._elapsed_s = end_s


class _ManualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
