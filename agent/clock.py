"""Time as an argument: aware UTC for records, a monotonic count for durations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the agent asks about time."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` on this clock."""
        ...


class SystemClock:
    """The machine's clock: the one place that reads it."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock that others are given

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()  # noqa: TID251 - this is the clock that others are given

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


def milliseconds(at: datetime) -> int:
    """Unix time in milliseconds, as Stripe's `last_seen_at`."""
    return int(at.timestamp() * 1000)


def doubling(first_s: float, *, max_s: float) -> Iterator[float]:
    """Waits that double from `first_s` and stay at `max_s`, without end."""
    delay = first_s
    while True:
        yield min(delay, max_s)
        delay = min(delay * 2, max_s)
