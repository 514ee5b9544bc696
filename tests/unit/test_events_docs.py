"""docs/events.md has every event, with what it says and whether it is kept."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest
from house import ROOT

from agent.events import PASSING, Event, ReaderActionChanged
from agent.payments import narrator

EVENTS = (ROOT / "docs/events.md").read_text()
OWN = [kind for kind in get_args(Event) if kind is not ReaderActionChanged]


@pytest.mark.parametrize("kind", OWN)
def test_every_event_is_documented_with_its_fields(kind: type) -> None:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    row = row_of(name)

    kept = "no" if kind in get_args(PASSING) else "yes"
    undocumented = [f.name for f in fields(kind) if f"`{f.name}`" not in row]

    assert row.startswith(f"| `{name}` | {kept} |")
    assert set(undocumented) <= {"reader_id"}


@pytest.mark.parametrize("name", [narrator.SUCCEEDED, narrator.FAILED])
def test_stripes_own_events_are_documented(name: str) -> None:
    assert row_of(name).startswith(f"| `{name}` | yes |")


def row_of(name: str) -> str:
    """The line of the table about this event."""
    rows = [line for line in EVENTS.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"docs/events.md: {name}"
    return rows[0]
