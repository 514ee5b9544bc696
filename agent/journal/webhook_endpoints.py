"""Who wants to be told of which events, and how far each one has been told.

Never a secret: those are in a file of their own, agent.outbox.secrets.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

from agent.ids import EndpointId
from agent.journal.codec import canonical, time_of, time_text
from agent.journal.db import Database
from agent.journal.writer import Change


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An endpoint, as its owner wants it and as deliveries have left it."""

    endpoint_id: EndpointId
    url: str
    enabled_events: tuple[str, ...]
    """Names of events; `*` for all."""
    description: str | None
    metadata: dict[str, str]
    created_at: datetime
    delivered_seq: int
    """Every event up to here has been taken, or was not wanted."""
    failing_since: datetime | None = None
    """Of the first attempt since the last success."""
    disabled_reason: str | None = None
    """None while it is enabled."""


_NAMES = tuple(field.name for field in fields(WebhookEndpoint))
_COLUMNS = ", ".join(_NAMES)
_ALL = f"SELECT {_COLUMNS} FROM webhook_endpoints ORDER BY created_at DESC, endpoint_id"  # noqa: S608 - constants only
_PUT = (
    f"INSERT OR REPLACE INTO webhook_endpoints ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants only
)
_DELETE = "DELETE FROM webhook_endpoints WHERE endpoint_id = ?"


class WebhookEndpointStore:
    """The table of endpoints. Raises JournalUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[WebhookEndpoint]:
        """Every endpoint, the newest first."""
        return [_endpoint(row) for row in self._database.read(_ALL)]

    async def put(self, *endpoints: WebhookEndpoint) -> None:
        """Add each, or replace the one of the same id; all in one transaction."""
        await self._database.write(putting(*endpoints))

    async def delete(self, endpoint_id: EndpointId) -> None:
        """Forget the endpoint; harmless where there is none."""
        await self._database.execute(_DELETE, endpoint_id)


def putting(*endpoints: WebhookEndpoint) -> Change[None]:
    """Add or replace them within a transaction."""
    rows = [_row(endpoint) for endpoint in endpoints]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(_PUT, rows)

    return change


def _row(endpoint: WebhookEndpoint) -> tuple[object, ...]:
    return tuple(_stored(value) for value in astuple(endpoint))


def _stored(value: object) -> object:
    match value:
        case datetime():
            return time_text(value)
        case tuple() | dict():
            return canonical(value)
        case _:
            return value


def _endpoint(row: Iterable[Any]) -> WebhookEndpoint:
    values = dict(zip(_NAMES, row, strict=True))
    failing_since = values["failing_since"]
    return WebhookEndpoint(
        **values
        | {
            "enabled_events": tuple(json.loads(values["enabled_events"])),
            "metadata": json.loads(values["metadata"]),
            "created_at": time_of(values["created_at"]),
            "failing_since": None if failing_since is None else time_of(failing_since),
        }
    )
