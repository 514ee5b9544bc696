"""`cardlane run`, for whoever asks for its help; agent.cli starts it without this."""

from __future__ import annotations

from agent.cli.daemon import run_daemon
from agent.cli.options import Config


def run(config: Config = None) -> None:
    """Run the agent until SIGTERM or Ctrl-C."""
    run_daemon(config)
