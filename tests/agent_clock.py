"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 2, 12, 0, 0, 123456, tzinfo=UTC)


class StillClock:
    """Fulfils agent.clock.Clock."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._elapsed_s += seconds
