"""A terminal before an agent, as fixtures; a test module names this in pytest_plugins.

Fixtures of plugins are everyone's, so these have names of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_agent import ServedAgent, served_agent
from terminal import Terminal


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The agent's state folder, as the environment names it."""
    folder = tmp_path / "state"
    for name in [name for name in os.environ if name.startswith("CARDLANE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CARDLANE_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def terminal(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def served(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedAgent]:
    with served_agent(state) as served:
        key_file = state / "till_key"
        key_file.write_text(served.key + "\n")
        monkeypatch.setenv("CARDLANE_URL", served.url)
        monkeypatch.setenv("CARDLANE_LOCAL_KEY_FILE", str(key_file))
        yield served
