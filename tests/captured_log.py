"""The agent's log as an administrator would read it, for tests of what it must not say."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from agent.log import configure_logging
from agent.settings import LogSettings


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Every line down to debug, redacted as ever; afterwards all is as it was."""
    root, own = logging.getLogger(), logging.getLogger("cardlane")
    handlers, levels = root.handlers[:], (root.level, own.level)
    stream = io.StringIO()
    configure_logging(LogSettings(level="debug", format="json"), stream=stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        own.setLevel(levels[1])
