"""The agent itself, in the foreground."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from agent.cli.settings_file import read_settings


def run_daemon(config: Path | None) -> None:
    """Run until SIGTERM or Ctrl-C. Raises AgentError where it cannot start."""
    # What importing makes is there to stay: looking for garbage in it, now or later,
    # would only make the agent start later and answer later.
    gc.disable()
    settings = read_settings(config)
    from agent.app import run as run_agent

    gc.freeze()
    gc.enable()
    run_agent(settings, os.environ)
