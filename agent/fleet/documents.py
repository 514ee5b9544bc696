"""What is published, as JSON. Pure; docs/fleet.md has the same schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.journal.event_log import RecordedEvent


def online(
    *, machine: str, version: str, livemode: bool, readers: int, since: datetime
) -> bytes:
    """The birth: this machine is there."""
    return _json(
        {
            "state": "online",
            "machine": machine,
            "version": version,
            "livemode": livemode,
            "readers": readers,
            "since": int(since.timestamp()),
        }
    )


def offline(*, machine: str, reason: str) -> bytes:
    """The last will (`lost`), or a farewell (`stopped`)."""
    return _json({"state": "offline", "machine": machine, "reason": reason})


def event(recorded: RecordedEvent) -> bytes:
    """One kept event, under the id it has everywhere."""
    return _json(
        {
            "id": recorded.event_id,
            "seq": recorded.seq,
            "type": recorded.type,
            "created": int(recorded.at.timestamp()),
            "reader": recorded.reader_id,
            "data": json.loads(recorded.data),
        }
    )


def answer(
    order_id: str | None,
    status: str,
    *,
    code: str | None = None,
    message: str | None = None,
    result: Mapping[str, Any] | None = None,
) -> bytes:
    """What became of an order: `done`, `refused` or `failed`."""
    return _json(
        {
            "id": order_id,
            "status": status,
            "code": code,
            "message": message,
            "result": None if result is None else dict(result),
        }
    )


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
