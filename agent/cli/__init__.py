"""The `cardlane` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit; the console script's entry."""
    from agent.cli.program import run_program

    run_program()
