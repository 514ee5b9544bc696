"""How often a caller may ask: a bucket of permits for each, refilled as time passes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from agent.clock import Clock
from agent.errors import RateLimited

MOST_CALLERS = 1024
"""Of whom the oldest are forgotten: more keys than that are nobody's till."""


@dataclass(slots=True)
class _Bucket:
    permits: float
    at_s: float


class Buckets:
    """`per_s` requests a second from each caller, and `burst` at once."""

    def __init__(self, *, per_s: float, burst: int, clock: Clock) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str) -> None:
        """Use one permit up; raises RateLimited where none is left."""
        now_s = self._clock.monotonic()
        bucket = self._buckets.pop(caller, None) or _Bucket(self._burst, now_s)
        refilled = bucket.permits + (now_s - bucket.at_s) * self._per_s
        bucket.permits, bucket.at_s = min(refilled, self._burst), now_s
        self._buckets[caller] = bucket
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        if bucket.permits < 1:
            raise RateLimited(
                f"More than {self._per_s:g} requests a second.",
                retry_after_s=(1 - bucket.permits) / self._per_s,
            )
        bucket.permits -= 1
