"""The `cardlane` command."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Carry out the command line and exit with an ExitCode; the console script's entry."""
    from agent.cli.failures import failures_told

    with failures_told():
        _carry_out(sys.argv[1:])


def _carry_out(arguments: list[str]) -> None:
    """Start the daemon at once: all the other commands would take as long to load."""
    match arguments:
        case ["run"]:
            _run(None)
        case ["run", "--config", config]:
            _run(Path(config))
        case _:
            from agent.cli.program import program

            program()()


def _run(config: Path | None) -> None:
    from agent.cli.daemon import run_daemon
    from agent.cli.settings_file import config_in_environment

    run_daemon(config or config_in_environment())
