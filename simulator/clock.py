"""Time for the simulators: the machine's own, or one that moves as it is told.

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
        self._timers = _Timers()

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Seconds this clock was advanced by."""
        return self._elapsed_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` from the `advance` that passes `delay_s` seconds from now."""
        return self._timers.add(self._elapsed_s + max(0.0, delay_s), callback)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, calling what falls due in order of its time.

        A callback sees the time it asked for; timers it starts count too.
        """
        end_s = self._elapsed_s + seconds
        while (timer := self._timers.take(end_s)) is not None:
            self._elapsed_s = timer.due_s
            timer.fire()
        self._elapsed_s = end_s


class AdjustableClock:
    """A clock that goes with another one until it is frozen, advanced or set."""

    def __init__(self, base: Clock) -> None:
        """`base` is what it goes with."""
        self._base = base
        self._timers = _Timers()
        self._alarm: Timer | None = None
        self._ahead_s = 0.0
        """How far it is ahead of `base`, while it goes."""
        self._stood_at_s: float | None = None
        """What it shows while it is frozen."""
        self._shift = base.now() - timedelta(seconds=base.monotonic())
        """The time of day at which `monotonic` was 0."""

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._stood_at_s is not None

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return self._shift + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        if self._stood_at_s is not None:
            return self._stood_at_s
        return self._base.monotonic() + self._ahead_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once this clock has passed `delay_s` seconds from now."""
        timer = self._timers.add(self.monotonic() + max(0.0, delay_s), callback)
        if self._timers.next_due_s() == timer.due_s:
            self._set_alarm()
        return timer

    def next_due_s(self) -> float | None:
        """The `monotonic` time of the earliest timer."""
        return self._timers.next_due_s()

    def freeze(self) -> None:
        """Stand still from now on; advancing it stays possible."""
        self._stood_at_s = self.monotonic()
        self._set_alarm()

    def resume(self) -> None:
        """Go on from the time it shows."""
        if self._stood_at_s is not None:
            self._ahead_s = self._stood_at_s - self._base.monotonic()
            self._stood_at_s = None
            self._set_alarm()

    def set(self, now: datetime) -> None:
        """Show this time of day, earlier or later; no timer falls due by it."""
        self._shift = now - timedelta(seconds=self.monotonic())

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, calling what falls due in order of its time."""
        end_s = self.monotonic() + seconds
        while (timer := self._timers.take(end_s)) is not None:
            self._move_to(max(timer.due_s, self.monotonic()))
            timer.fire()
        self._move_to(max(end_s, self.monotonic()))
        self._set_alarm()

    def _move_to(self, time_s: float) -> None:
        if self._stood_at_s is not None:
            self._stood_at_s = time_s
        else:
            self._ahead_s = time_s - self._base.monotonic()

    def _set_alarm(self) -> None:
        """Have `base` wake this clock for the earliest timer, unless it is frozen."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due_s = self._timers.next_due_s()
        if due_s is not None and not self.is_frozen:
            pause_s = max(0.0, due_s - self.monotonic())
            self._alarm = self._base.call_later(pause_s, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        # An alarm may come a moment early: then nothing is due, and it is set again.
        while (timer := self._timers.take(self.monotonic())) is not None:
            timer.fire()
        self._set_alarm()


class _Timers:
    """Callbacks in order of their time, and of their making where that is the same."""

    def __init__(self) -> None:
        self._order = count()
        self._heap: list[tuple[float, int, _HeapTimer]] = []

    def add(self, due_s: float, callback: Callable[[], None]) -> _HeapTimer:
        timer = _HeapTimer(due_s, callback)
        heapq.heappush(self._heap, (due_s, next(self._order), timer))
        return timer

    def next_due_s(self) -> float | None:
        while self._heap and self._heap[0][2].is_cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, until_s: float) -> _HeapTimer | None:
        """The earliest timer that is due until then, taken out."""
        due_s = self.next_due_s()
        if due_s is None or due_s > until_s:
            return None
        return heapq.heappop(self._heap)[2]


class _HeapTimer:
    def __init__(self, due_s: float, callback: Callable[[], None]) -> None:
        self.due_s = due_s
        self._callback: Callable[[], None] | None = callback

    @property
    def is_cancelled(self) -> bool:
        return self._callback is None

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
