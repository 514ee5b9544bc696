"""How benchmarks sum up many times."""

from __future__ import annotations

import statistics


def percentile(values: list[float], rank: int, *, digits: int = 2) -> float:
    """The value that `rank` % of the values do not exceed, in their unit."""
    return round(statistics.quantiles(values, n=100)[rank - 1], digits)
