"""Payments without network, and an agent killed at every point of their way.

`--full` takes all cases; otherwise a seeded sample stands for deaths at a command to the
reader, and for those after which the network is still away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from mortality import Effect
from offline_matrix import JOURNEYS, Case, Journey, check, points_of
from skipping_loop import SkippingLoop

AT_ONCE_ONE_IN = 2
CUT_ONE_IN = 8
READER_ONE_IN = 8


@pytest.mark.parametrize("journey", JOURNEYS, ids=str)
def test_killed_anywhere_it_charges_what_it_has_told(
    journey: Journey,
    tmp_path: Path,
    subtests: pytest.Subtests,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        points = runner.run(points_of(journey, tmp_path / "walked"))
    is_full = request.config.getoption("--full")
    cases = [
        case
        for point in points
        for case in (Case(journey, point), Case(journey, point, is_still_cut=True))
        if is_full or is_chosen(case)
    ]

    for number, case in enumerate(cases):
        with (
            subtests.test(case=str(case)),
            asyncio.Runner(loop_factory=SkippingLoop) as runner,
        ):
            runner.run(check(case, tmp_path / f"case-{number}"))

    record_property("cases of the offline crash matrix", len(cases))
    assert {point.effect for point in points} == set(Effect)


def is_chosen(case: Case) -> bool:
    """Whether the case is in the sample."""
    one_in = CUT_ONE_IN if case.is_still_cut else AT_ONCE_ONE_IN
    if case.point.effect is Effect.READER:
        one_in *= READER_ONE_IN
    return crc32(str(case).encode()) % one_in == 0
