"""Locations and Configurations as Stripe had them last, for a start without network."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.journal.codec import canonical, time_of, time_text
from agent.journal.db import Database


@dataclass(frozen=True, slots=True)
class TerminalObject:
    """One object, or that there is none."""

    name: str
    """Its id, or what stands for it: who keeps it knows."""
    body: dict[str, Any] | None = field(repr=False)
    """As Stripe has it, without passwords; None where Stripe has no such object."""
    fetched_at: datetime


_ALL = "SELECT name, body, fetched_at FROM terminal_objects ORDER BY name"
_CLEAR = "DELETE FROM terminal_objects"
_PUT = "INSERT INTO terminal_objects (name, body, fetched_at) VALUES (?,?,?)"


class TerminalObjectStore:
    """The table of kept objects. Raises JournalUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[TerminalObject]:
        """Every object."""
        return [
            TerminalObject(
                name,
                None if body is None else json.loads(body),
                fetched_at=time_of(fetched_at),
            )
            for name, body, fetched_at in self._database.read(_ALL)
        ]

    async def replace(self, objects: Iterable[TerminalObject]) -> None:
        """Keep these objects, and no others, from one moment to the next."""
        rows = [_row(each) for each in objects]

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_CLEAR)
            connection.executemany(_PUT, rows)

        await self._database.write(change)


def _row(kept: TerminalObject) -> tuple[str, str | None, str]:
    body = None if kept.body is None else canonical(kept.body)
    return (kept.name, body, time_text(kept.fetched_at))
