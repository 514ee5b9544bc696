"""The crash matrix: an agent killed at every point of every journey, and what then holds.

The points are found by walking each journey once. `--full` takes them all; otherwise a
third of those where the machine stays off for an hour is left to stand for the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from crash_journeys import JOURNEYS, Journey
from crash_matrix import AN_HOUR_S, Case, check, points_of
from mortality import Effect, Point
from skipping_loop import SkippingLoop

ONE_IN = 3


@pytest.mark.parametrize("journey", JOURNEYS, ids=str)
def test_killed_anywhere_it_charges_once_and_forgets_nothing(
    journey: Journey,
    tmp_path: Path,
    subtests: pytest.Subtests,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        points = runner.run(points_of(journey, tmp_path / "walked"))
    cases = chosen(journey, points, is_full=request.config.getoption("--full"))

    for number, case in enumerate(cases):
        with (
            subtests.test(case=str(case)),
            asyncio.Runner(loop_factory=SkippingLoop) as runner,
        ):
            runner.run(check(case, tmp_path / f"case-{number}"))

    record_property("cases of the crash matrix", len(cases))
    smart = set() if journey.hardware else {Effect.READER}
    assert {point.effect for point in points} == set(Effect) - smart


def chosen(journey: Journey, points: list[Point], *, is_full: bool) -> list[Case]:
    """Each point with the agent back at once, and all or some of them an hour later."""
    late = [Case(journey, point, AN_HOUR_S) for point in points]
    return [Case(journey, point) for point in points] + [
        case for case in late if is_full or crc32(str(case).encode()) % ONE_IN == 0
    ]
