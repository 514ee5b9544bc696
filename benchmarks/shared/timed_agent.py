"""The agent, writing down when it is handed something, and when it hands something on.

    timed_agent.py MARKS run --config …

At its end MARKS holds one JSON array: `from`/`to`, whom, and seconds of a clock that all
programs of this machine share. Run by payment_breakdown.py.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from agent.cli import main as cardlane
from agent.journal.writer import Writer
from agent.rest.one_segment import JoinedWrites, OneSegmentProtocol
from agent.stripe_api.http_connection import HttpConnection
from drivers.transport.wire import Wire

Mark = tuple[str, str, float]

_PLACES: tuple[tuple[type[Any], str, str, str], ...] = (
    (OneSegmentProtocol, "data_received", "from", "register"),
    (JoinedWrites, "flush", "to", "register"),
    (HttpConnection, "data_received", "from", "stripe"),
    (HttpConnection, "ask", "to", "stripe"),
    (Wire, "data_received", "from", "reader"),
    (Wire, "write", "to", "reader"),
    (Writer, "_settle", "from", "journal"),
    (Writer, "begin", "to", "journal"),
)


def main() -> None:
    """Run as the agent does, with what it does in `argv`."""
    marks: list[Mark] = []
    path = Path(sys.argv.pop(1))
    for place in _PLACES:
        _watch(*place, marks=marks)
    try:
        cardlane()
    finally:
        path.write_text(json.dumps(marks))


def _watch(
    kind: type[Any], method: str, direction: str, whom: str, *, marks: list[Mark]
) -> None:
    original = getattr(kind, method)

    def marked(self: Any, *arguments: Any, **named: Any) -> Any:
        marks.append((direction, whom, time.perf_counter()))
        return original(self, *arguments, **named)

    setattr(kind, method, marked)


if __name__ == "__main__":
    main()
