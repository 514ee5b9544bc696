"""A till with a reader `1.0` and a repository that has `2.0`, and its agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from firmware_bench import FirmwareBench, Till

from agent.ids import ReaderId


@pytest.fixture
def till(tmp_path: Path) -> Till:
    till = Till(tmp_path)
    till.publish("2.0")
    return till


@pytest_asyncio.fixture
async def bench(till: Till) -> AsyncIterator[FirmwareBench]:
    async with till.agent() as bench:
        yield bench


@pytest_asyncio.fixture
async def reader(bench: FirmwareBench, till: Till) -> ReaderId:
    return await bench.register(till.device)
