"""Time as an argument: aware UTC for records, a monotonic count for durations."""

from __future__ import annotations

import time
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


class SystemClock:
    """The machine's clock: the one place that reads it."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock that others are given

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()  # noqa: TID251 - this is the clock that others are given


def milliseconds(at: datetime) -> int:
    """Unix time in milliseconds, as Stripe's `last_seen_at`."""
    return int(at.timestamp() * 1000)
