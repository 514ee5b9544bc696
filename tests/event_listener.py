"""A register's ear at `/agent/events`: remembers the last id, as EventSource does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Heard:
    """One event; `seq` is None where it only passed."""

    type: str
    seq: int | None
    data: Any

    @property
    def event_id(self) -> str:
        """`evt_…`, wherever its kind of event has it."""
        return str(self.data.get("event_id") or self.data["id"])


@dataclass
class EventListener:
    """Hears over any number of connections, one after the other."""

    url: str
    key: str
    last_id: str = "0"
    heard: list[Heard] = field(default_factory=list)
    _response: HTTPResponse | None = None

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect, to go on behind the last id; hang up at the end."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_S)
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Last-Event-ID": self.last_id,
        }
        with closing(connection):
            connection.request("GET", "/agent/events", headers=headers)
            with connection.getresponse() as self._response:
                assert self._response.status == 200
                yield

    def hear_until(self, type_: str) -> Heard:
        """Everything up to the next event of that name."""
        for event in self._events():
            if event.type == type_:
                return event
        raise AssertionError(f"the connection ended before {type_}")

    def hear_what_was_missed(self) -> None:
        """Everything up to where it is live."""
        assert any(event is None for event in self._frames()), "never became live"

    def hear_to_the_end(self) -> None:
        """Everything that still came before the connection was lost."""
        for _ in self._events():
            pass

    @property
    def kept(self) -> list[Heard]:
        """What was heard of kept events."""
        return [event for event in self.heard if event.seq is not None]

    def _events(self) -> Iterator[Heard]:
        return (event for event in self._frames() if event is not None)

    def _frames(self) -> Iterator[Heard | None]:
        """Events, and None where the stream says that it is live."""
        fields: dict[str, str] = {}
        for line in self._lines():
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.strip()
            elif not line and fields:
                yield self._taken(fields) if "event" in fields else None
                fields = {}
            if line.startswith(": listening"):
                yield None

    def _taken(self, fields: dict[str, str]) -> Heard:
        seq = fields.get("id")
        self.last_id = seq or self.last_id
        event = Heard(
            fields["event"],
            None if seq is None else int(seq),
            json.loads(fields["data"]),
        )
        self.heard.append(event)
        return event

    def _lines(self) -> Iterator[str]:
        assert self._response is not None
        with suppress(OSError, HTTPException):
            while line := self._response.readline():
                if not line.endswith(b"\n"):
                    return  # Cut off in the middle.
                yield line.decode().rstrip("\n")
