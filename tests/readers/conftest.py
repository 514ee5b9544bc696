"""What every test of a reader runs on: a counter with one model on one wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from skipping_loop import SkippingLoop

pytest.register_assert_rewrite("reader_counter")

from reader_combinations import (  # noqa: E402 - after the line above
    Combination,
    combinations,
    is_sampled,
)
from reader_counter import Counter, counter_on  # noqa: E402


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], SkippingLoop]]:
    """All tests of this folder run without waiting for time-outs."""
    return {"skipping": SkippingLoop}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `combination`, or a counter of it, runs on every one.

    `make test` takes each family once on each wire, and each model once.
    """
    marks = metafunc.definition.iter_markers("parametrize")
    is_chosen = any("combination" in mark.args[0] for mark in marks)
    if "combination" in metafunc.fixturenames and not is_chosen:
        metafunc.parametrize(
            "combination",
            [
                pytest.param(
                    each,
                    id=str(each),
                    marks=() if is_sampled(each) else pytest.mark.full,
                )
                for each in combinations()
            ],
        )


@pytest.fixture
def seed() -> int:
    """What the simulator draws its faults by; tests of bad wires choose it."""
    return 1


@pytest_asyncio.fixture
async def counter(
    combination: Combination,
    seed: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Counter]:
    """The till; nobody presents a card."""
    is_on_air = combination.wire.name == "ble"
    bus_address = request.getfixturevalue("bus_address") if is_on_air else None
    async with counter_on(
        combination, tmp_path, bus_address=bus_address, seed=seed
    ) as opened:
        yield opened
