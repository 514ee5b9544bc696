"""An administrator's folder, and signals for who serves in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tls_shop import Files

from agent.rest.serving import StopSignals


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files.of(tmp_path / "tls")


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    signals = StopSignals()
    with signals.caught():
        yield signals
