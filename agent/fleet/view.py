"""A fleet as its broker tells of it: one row a machine, from what is heard. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from agent.fleet.topics import machine_of

LONGEST_TEXT = 60


@dataclass(slots=True)
class Machine:
    """What is known of one machine."""

    name: str
    state: str = "unknown"
    reason: str | None = None
    version: str | None = None
    readers: dict[str, str] = field(default_factory=dict)
    """`online` or `offline`, by id."""
    payments_ended: dict[str, int] = field(default_factory=dict)
    payments_unsettled: int = 0
    last_event: str | None = None

    def row(self) -> tuple[str, str, str, str, str, str]:
        """Name, state, version, readers, payments and the last event, for people."""
        online = sum(status == "online" for status in self.readers.values())
        payments = sum(self.payments_ended.values())
        unsettled = (
            f" ({self.payments_unsettled} unsettled)" if self.payments_unsettled else ""
        )
        return (
            _text(self.name),
            f"{self.state} ({self.reason})" if self.reason else self.state,
            self.version or "",
            f"{online}/{len(self.readers)}",
            f"{payments}{unsettled}",
            self.last_event or "",
        )


class View:
    """The machines heard of so far, by name."""

    def __init__(self, *, prefix: str) -> None:
        self._prefix = prefix
        self._machines: dict[str, Machine] = {}

    def machines(self) -> list[Machine]:
        """In the order of their names."""
        return [self._machines[name] for name in sorted(self._machines)]

    def hear(self, topic: str, payload: bytes) -> Machine | None:
        """Take one message in; None where it tells of no machine.

        What is no JSON is passed over: anybody may publish on a broker.
        """
        where = machine_of(topic, prefix=self._prefix)
        if where is None or where[1] == "orders":
            return None
        name, rest = where
        try:
            content = json.loads(payload) if payload else None
        except (ValueError, RecursionError):
            return None
        machine = self._machines.setdefault(name, Machine(name))
        if rest.startswith("readers/"):
            _hear_reader(machine, rest.removeprefix("readers/"), content)
        elif isinstance(content, dict):
            _hear(machine, rest, content)
        return machine


def _hear_reader(machine: Machine, reader_id: str, content: object) -> None:
    if isinstance(content, dict):
        machine.readers[reader_id] = _text(content.get("status"))
    else:
        machine.readers.pop(reader_id, None)


def _hear(machine: Machine, rest: str, content: dict[str, Any]) -> None:
    match rest:
        case "state":
            machine.state = _text(content.get("state"))
            machine.reason = _text(content.get("reason")) or None
            machine.version = _text(content.get("version")) or machine.version
        case "metrics":
            ended = content.get("payments_ended")
            counts = ended if isinstance(ended, dict) else {}
            machine.payments_ended = {
                str(outcome): count
                for outcome, count in counts.items()
                if isinstance(count, int)
            }
            unsettled = content.get("payments_unsettled")
            machine.payments_unsettled = unsettled if isinstance(unsettled, int) else 0
        case "events":
            machine.last_event = _text(content.get("type"))
        case _:
            pass


def _text(value: object) -> str:
    """For a terminal: a machine may say anything, and must not draw in the office."""
    text = "" if value is None else str(value)[:LONGEST_TEXT]
    return "".join(letter if letter.isprintable() else "?" for letter in text)
