"""Where on a broker a machine is found. Pure; docs/fleet.md lists the same."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

EVERY_MACHINE = "all"
"""In place of a machine's name: an order to all."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a machine may be called; `all` is taken."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one machine below a prefix such as `cardlane`."""

    prefix: str
    machine: str

    @property
    def state(self) -> str:
        """Retained: whether the machine is there, and what it is."""
        return self._own("state")

    @property
    def events(self) -> str:
        """The kept events, in order, at least once."""
        return self._own("events")

    @property
    def metrics(self) -> str:
        """Counts, every so often."""
        return self._own("metrics")

    @property
    def orders(self) -> tuple[str, str]:
        """Where this machine's orders come from: its own, and those to all."""
        return self._own("orders"), f"{self.prefix}/{EVERY_MACHINE}/orders"

    def reader(self, reader_id: str) -> str:
        """Retained: one reader of the machine; empty once it is deleted."""
        return self._own(f"readers/{reader_id}")

    @property
    def readers(self) -> str:
        """Every reader that the broker still shows for this machine."""
        return self._own("readers/+")

    def shown_reader(self, topic: str) -> str | None:
        """The reader of one of these topics; None for any other topic."""
        start = self._own("readers/")
        return topic.removeprefix(start) if topic.startswith(start) else None

    def _own(self, rest: str) -> str:
        return f"{self.prefix}/{self.machine}/{rest}"


def machine_name(machine_id: str) -> str:
    """The usual name of a machine, from /etc/machine-id, which itself stays at home.

    machine-id(5) asks for a hash with a key of the application.
    """
    digest = hashlib.blake2b(machine_id.strip().encode(), key=b"cardlane fleet")
    return f"m_{digest.hexdigest()[:16]}"


def machine_of(topic: str, *, prefix: str) -> tuple[str, str] | None:
    """The machine and the rest of one of its topics; None for any other topic."""
    if not topic.startswith(f"{prefix}/"):
        return None
    machine, slash, rest = topic[len(prefix) + 1 :].partition("/")
    return (machine, rest) if slash and NAME.fullmatch(machine) else None
