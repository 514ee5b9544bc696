"""Every code that only the command line tells is told by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from codes_of_commands import COMMANDS, Desk
from served_agent import ServedAgent
from terminal import Terminal

pytest_plugins = ("cli_fixtures",)


@pytest.mark.parametrize("code", COMMANDS)
def test_the_code_is_told_in_brackets(
    code: str,
    terminal: Terminal,
    served: ServedAgent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(terminal, served, tmp_path, monkeypatch)

    assert COMMANDS[code](desk) == code
