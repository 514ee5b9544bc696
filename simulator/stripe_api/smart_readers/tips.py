"""The three tips a reader proposes, from its configuration. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One button of the tip screen."""

    amount: int
    """Minor units."""
    percentage: int | None
    """What it is of the amount; None where the configuration names the amount."""


def suggestions(settings: Mapping[str, Any], *, base: int) -> list[Suggestion]:
    """What to propose on `base`, the amount that is eligible for a tip.

    `settings` are one currency's `tipping`. With a smart tip threshold, amounts are
    proposed below it and percentages from it on; percentages are rounded to the
    nearest minor unit, halves up.
    """
    fixed = settings.get("fixed_amounts") or []
    percentages = settings.get("percentages") or []
    threshold = settings.get("smart_tip_threshold")
    is_small = threshold is not None and base < threshold
    if fixed and (is_small or not percentages):
        return [Suggestion(amount, None) for amount in fixed]
    return [
        Suggestion((base * percentage + 50) // 100, percentage)
        for percentage in percentages
    ]
