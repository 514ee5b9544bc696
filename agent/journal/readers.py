"""The readers registered on this machine that Stripe does not know."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

from agent.ids import ReaderId
from agent.journal.codec import canonical, time_of, time_text
from agent.journal.db import Database


@dataclass(frozen=True, slots=True)
class RegisteredReader:
    """A local reader as it was registered; whether it is online is known elsewhere."""

    reader_id: ReaderId
    spec: str
    """Where it was found, such as `serial:/dev/ttyUSB0`."""
    model: str
    """The profile's name, such as `magtek_dynaprox`."""
    device_type: str
    """As Stripe's API names it to register apps."""
    serial_number: str
    firmware_version: str | None
    label: str
    location: str | None
    """`tml_…`."""
    metadata: dict[str, str]
    registered_at: datetime


_NAMES = tuple(field.name for field in fields(RegisteredReader))
_COLUMNS = ", ".join(_NAMES)
_ALL = f"SELECT {_COLUMNS} FROM readers ORDER BY registered_at DESC, reader_id"  # noqa: S608 - constants only
_GET = f"SELECT {_COLUMNS} FROM readers WHERE reader_id = ?"  # noqa: S608 - constants only
_PUT = f"INSERT OR REPLACE INTO readers ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants only
_DELETE = "DELETE FROM readers WHERE reader_id = ?"


class ReaderStore:
    """The table of registered readers. Raises JournalUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[RegisteredReader]:
        """Every reader, the newest first, as Stripe lists them."""
        return [_reader(row) for row in self._database.read(_ALL)]

    def get(self, reader_id: ReaderId) -> RegisteredReader | None:
        """The reader of that id."""
        rows = self._database.read(_GET, reader_id)
        return _reader(rows[0]) if rows else None

    async def put(self, reader: RegisteredReader) -> None:
        """Add the reader, or replace the one of the same id."""
        await self._database.execute(_PUT, *_row(reader))

    async def delete(self, reader_id: ReaderId) -> None:
        """Forget the reader; harmless where there is none."""
        await self._database.execute(_DELETE, reader_id)


def _row(reader: RegisteredReader) -> tuple[object, ...]:
    *values, _, _ = astuple(reader)
    return (*values, canonical(reader.metadata), time_text(reader.registered_at))


def _reader(row: tuple[Any, ...]) -> RegisteredReader:
    values = dict(zip(_NAMES, row, strict=True))
    values["metadata"] = json.loads(values["metadata"])
    values["registered_at"] = time_of(values["registered_at"])
    return RegisteredReader(**values)
