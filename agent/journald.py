"""Events as entries of systemd's journal, each value a field of its own.

Knows the journal's native protocol (systemd's JOURNAL_NATIVE_PROTOCOL), no logger.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "cardlane"
LARGEST_ENTRY_BYTES = 64 * 1024
"""More than any event of ours; a datagram may be larger, but not everywhere."""
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""Of syslog(3)."""

_NOT_IN_NAMES = re.compile(r"[^A-Z0-9_]")
_LONGEST_NAME = 64
"""Longer names are refused by the journal."""


def encode(fields: Mapping[str, Any]) -> bytes:
    """One journal entry: the event as MESSAGE, every value as CARDLANE_<NAME>. Pure."""
    values = {name: value for name, value in fields.items() if name != "timestamp"}
    level, event = str(values.pop("level", "info")), str(values.get("event", ""))
    told = " ".join(
        f"{name}={_text(value)}"
        for name, value in values.items()
        if name not in {"event", "logger"}
    )
    entry = {
        "MESSAGE": f"{event} {told}".rstrip(),
        "PRIORITY": str(PRIORITIES.get(level, PRIORITIES["info"])),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        **{_name(name): _text(value) for name, value in values.items()},
    }
    encoded = b"".join(
        _field(name, value.encode(errors="replace")) for name, value in entry.items()
    )
    if len(encoded) <= LARGEST_ENTRY_BYTES:
        return encoded
    shortened = {**entry, "MESSAGE": f"{event} (its values were too long)"}
    kept = ("MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER")
    return b"".join(
        _field(name, shortened[name].encode(errors="replace")) for name in kept
    )


class JournalSocket:
    """Sends entries to the journal; never waits for it."""

    def __init__(self, path: Path = SOCKET) -> None:
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_UNIX, kind)
        self._path = str(path)

    def send(self, entry: bytes) -> None:
        """Hand one entry over. A journal that is full or gone loses it, as a log may."""
        with suppress(OSError):
            self._socket.sendto(entry, self._path)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _name(name: str) -> str:
    clean = _NOT_IN_NAMES.sub("_", name.upper())
    return f"CARDLANE_{clean}"[:_LONGEST_NAME]


def _field(name: str, value: bytes) -> bytes:
    """A value with a line break is preceded by its length, else it ends with one."""
    if b"\n" not in value:
        return name.encode() + b"=" + value + b"\n"
    return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
