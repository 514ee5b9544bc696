"""The crash matrix: an agent killed at every point of every journey, and what then holds.

The points are found by walking each journey once. `--full` takes all cases; otherwise a
seeded sample stands for them, denser where the agent is back at once and least dense
for deaths at a command to the reader, for those after which the machine stays off for an
hour, and for those where the next agent dies as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import pytest
from crash_journeys import JOURNEYS, Journey
from crash_matrix import AN_HOUR_S, Case, check, points_of, points_of_recovery
from mortality import Effect, Point, When
from skipping_loop import SkippingLoop

T = TypeVar("T")

AT_ONCE_ONE_IN = 2
READER_ONE_IN = 12
LATE_ONE_IN = 16
FIRST_ONE_IN = 4
AGAIN_ONE_IN = 8
DYING_TWICE = [
    journey if number % 6 == 0 else pytest.param(journey, marks=pytest.mark.full)
    for number, journey in enumerate(JOURNEYS)
]


@pytest.mark.parametrize("journey", JOURNEYS, ids=str)
def test_killed_anywhere_it_charges_once_and_forgets_nothing(
    journey: Journey,
    tmp_path: Path,
    subtests: pytest.Subtests,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    points = run(points_of(journey, tmp_path / "walked"))
    at_once = [Case(journey, point) for point in points]
    late = [Case(journey, point, AN_HOUR_S) for point in points]
    by_itself = [case for case in at_once if case.point.effect is not Effect.READER]
    commanding = [case for case in at_once if case.point.effect is Effect.READER]
    cases = [
        *sampled(by_itself, AT_ONCE_ONE_IN, request),
        *sampled(commanding, READER_ONE_IN, request),
        *sampled(late, LATE_ONE_IN, request),
    ]

    for number, case in enumerate(cases):
        with subtests.test(case=str(case)):
            run(check(case, tmp_path / f"case-{number}"))

    record_property("cases of the crash matrix", len(cases))
    smart = set() if journey.hardware else {Effect.READER}
    assert {point.effect for point in points} == set(Effect) - smart


@pytest.mark.parametrize("journey", DYING_TWICE, ids=str)
def test_killed_again_while_it_recovers_it_charges_once(
    journey: Journey,
    tmp_path: Path,
    subtests: pytest.Subtests,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    points = run(points_of(journey, tmp_path / "walked"))
    firsts = [Case(journey, point) for point in points if leaves_something(point)]
    cases = [
        replace(first, again=again)
        for number, first in enumerate(sampled(firsts, FIRST_ONE_IN, request))
        for again in run(points_of_recovery(first, tmp_path / f"first-{number}"))
    ]

    chosen = sampled(cases, AGAIN_ONE_IN, request)
    for number, case in enumerate(chosen):
        with subtests.test(case=str(case)):
            run(check(case, tmp_path / f"case-{number}"))

    record_property("cases of dying twice", len(chosen))


def leaves_something(point: Point) -> bool:
    """Whether death there leaves something to recover that no other point does."""
    if point.effect is Effect.JOURNAL:
        return point.when is When.AFTER
    return point.effect is Effect.STRIPE and point.when is When.UNDER_WAY


def sampled(
    cases: list[Case], one_in: int, request: pytest.FixtureRequest
) -> list[Case]:
    """All with `--full`, and else those that are drawn, always the same."""
    is_full = request.config.getoption("--full")
    return [
        case for case in cases if is_full or crc32(str(case).encode()) % one_in == 0
    ]


def run(walk: Coroutine[Any, Any, T]) -> T:
    """In a loop of its own, in which time passes by itself."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(walk)
