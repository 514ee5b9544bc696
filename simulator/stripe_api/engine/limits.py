"""How many requests a second Stripe answers; enforced only where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from simulator.stripe_api.engine.errors import RateLimited


class Pace(StrEnum):
    """What is counted apart."""

    READ = "read"
    WRITE = "write"
    SEARCH = "search"
    FILES = "files"


Limits = Mapping[bool, Mapping[Pace, int]]
"""Requests a second, by livemode."""

PUBLISHED: Limits = {
    False: {Pace.READ: 25, Pace.WRITE: 25, Pace.SEARCH: 20, Pace.FILES: 20},
    True: {Pace.READ: 100, Pace.WRITE: 100, Pace.SEARCH: 20, Pace.FILES: 20},
}
"""What Stripe documents for an account."""


class RateLimits:
    """One bucket of requests for each mode and pace, refilled as time goes on."""

    def __init__(self) -> None:
        """Nothing is limited."""
        self.limits: Limits | None = None
        self._left: dict[tuple[bool, Pace], tuple[float, float]] = {}

    def enforce(self, limits: Limits) -> None:
        """Limit requests from now on; a second's worth of them may come at once."""
        self.limits = limits
        self._left.clear()

    def lift(self) -> None:
        """Limit nothing any more."""
        self.limits = None

    def take(self, method: str, path: str, *, livemode: bool, now_s: float) -> None:
        """Count a request; raises RateLimited where there were too many before it.

        `now_s` is the clock's monotonic time.
        """
        if self.limits is None:
            return
        pace = _pace(method, path)
        limit = self.limits[livemode][pace]
        left, since_s = self._left.get((livemode, pace), (float(limit), now_s))
        left = min(limit, left + (now_s - since_s) * limit)
        if left < 1:
            raise RateLimited
        self._left[livemode, pace] = (left - 1, now_s)


def _pace(method: str, path: str) -> Pace:
    if path.endswith("/search"):
        return Pace.SEARCH
    if path.startswith("/v1/files"):
        return Pace.FILES
    return Pace.READ if method == "GET" else Pace.WRITE
