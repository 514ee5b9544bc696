"""`cardlane run` up to its settings; what follows is tested with whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from agent.cli import main
try:
    main()
finally:
    print("typer" in sys.modules)
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`cardlane run …`, printing at its end whether typer was loaded."""
    return subprocess.run(
        [sys.executable, "-c", RUN, "run", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A settings file that no agent starts with."""
    config = tmp_path / "cardlane.toml"
    config.write_text("[rest]\nprot = 1\n")
    return config


def test_the_agent_starts_without_loading_the_other_commands(broken: Path) -> None:
    ended = run("--config", str(broken))

    assert ended.returncode == 6
    assert ended.stderr.startswith(f"cardlane: {broken}: rest.prot is not a setting")
    assert ended.stdout == "False\n"


def test_the_environment_may_name_the_settings_of_the_agent(broken: Path) -> None:
    ended = run(CARDLANE_CONFIG=str(broken))

    assert ended.returncode == 6
    assert ended.stderr.startswith(f"cardlane: {broken}: rest.prot is not a setting")


@pytest.mark.parametrize("option", ["--help", "--cofnig"])
def test_help_and_mistakes_are_left_to_the_command_line(option: str) -> None:
    ended = run(option)

    assert ended.returncode == (0 if option == "--help" else 2)
    assert "--config" in ended.stdout + ended.stderr
