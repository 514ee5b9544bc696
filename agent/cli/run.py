"""`cardlane run`: the agent itself, in the foreground."""

from __future__ import annotations

import gc
import os

from agent.cli.options import Config, read_settings


def run(config: Config = None) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    # What importing makes is there to stay: looking for garbage in it, now or later,
    # would only make the agent start later and answer later.
    gc.disable()
    settings = read_settings(config)
    from agent.app import run as run_agent

    gc.freeze()
    gc.enable()
    run_agent(settings, os.environ)
