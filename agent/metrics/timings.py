"""How long things took, counted in buckets. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

BOUNDS_S = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    30.0,
)
"""Upper bounds of the buckets; the last bucket has none."""


class Timings:
    """A histogram of durations."""

    __slots__ = ("_counts", "total_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds

    def cumulative(self) -> Iterator[tuple[str, float]]:
        """Each bound as text with how many durations did not exceed it."""
        so_far = 0
        for bound, count in zip(
            (*map(str, BOUNDS_S), "+Inf"), self._counts, strict=True
        ):
            so_far += count
            yield bound, so_far
