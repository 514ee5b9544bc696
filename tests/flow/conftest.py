"""What all flow tests run on: a loop that skips timers, and a stack."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from skipping_loop import SkippingLoop

# So that their assertions say what they compared.
pytest.register_assert_rewrite(
    "crash_invariants", "flow_agent", "flow_invariants", "flow_world"
)

from flow_agent import Stack, running_stack  # noqa: E402 - after the line above
from flow_cables import DYNAPROX, Hardware  # noqa: E402


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], SkippingLoop]]:
    """All tests of this folder run without waiting for time-outs."""
    return {"skipping": SkippingLoop}


@pytest.fixture(autouse=True)
def _logs_in_a_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep everything that is logged, unmasked, for the scan for card data."""
    handler = logging.FileHandler(tmp_path_factory.mktemp("log") / "agent.log")
    handler.setFormatter(
        logging.Formatter("%(name)s %(message)s %(values)s", defaults={"values": {}})
    )
    logger = logging.getLogger("cardlane")
    level = logger.level
    defects = _Defects()
    logger.addHandler(handler)
    logger.addHandler(defects)
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(level)
    logger.removeHandler(defects)
    logger.removeHandler(handler)
    handler.close()
    assert defects.texts == [], "an event could not be made"


class _Defects(logging.Handler):
    """What the agent survives, and a test must not: events that could not be made."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "event.defect":
            self.texts.append(str(record.exc_info))


@pytest.fixture
def hardware() -> Hardware:
    """What `counter` is; `parametrize("hardware", …)` has a test run with others."""
    return DYNAPROX


@pytest_asyncio.fixture
async def stack(hardware: Hardware, tmp_path: Path) -> AsyncIterator[Stack]:
    """An agent, a reader called `counter`, and Stripe; nobody presents a card."""
    async with running_stack(tmp_path, hardware=hardware) as running:
        yield running
