"""`cardlane run`: the agent itself, in the foreground."""

from __future__ import annotations

import os

from agent.cli.options import Config, read_settings


def run(config: Config = None) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    settings = read_settings(config)
    from agent.app import run as run_agent

    run_agent(settings, os.environ)
