"""What all flow tests run on: a loop that skips timers, and a stack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest_asyncio
from flow_agent import Stack, running_stack
from skipping_loop import SkippingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], SkippingLoop]]:
    """All tests of this folder run without waiting for time-outs."""
    return {"skipping": SkippingLoop}


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """An agent, a DynaProx called `counter`, and Stripe; nobody presents a card."""
    async with running_stack(tmp_path) as running:
        yield running
