"""The agent itself, in the foreground."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from agent.cli.settings_file import read_own_settings

GARBAGE_AFTER = 20_000
"""How many more objects than before make it worth while to look for garbage."""


def run_daemon(config: Path | None) -> None:
    """Run until SIGTERM or Ctrl-C. Raises AgentError where it cannot start."""
    # What importing makes is there to stay: looking for garbage in it, now or later,
    # would only make the agent start later and answer later.
    gc.disable()
    settings = read_own_settings(config)
    from agent.app import run as run_agent

    gc.freeze()
    # Payments leave next to no cycles behind; to look after every 700 objects, as
    # usual, would be to look twice in each of them.
    gc.set_threshold(GARBAGE_AFTER, 20, 20)
    gc.enable()
    run_agent(settings, os.environ)
