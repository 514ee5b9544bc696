"""Recordings of what passed between host and reader, as text: one JSON object a line.

    {"recording": 1, "family": "magtek_mms", "spec": "serial:/dev/ttyACM0", …}
    {"at_s": 0.013, "from": "host", "packets": ["c000…"]}
    {"at_s": 0.019, "from": "reader", "withheld_bytes": 812}
    {"at_s": 9.5, "end": "the port is gone", "by": "reader"}

Pure: what may stand in it was decided by a witness (drivers.protocol.witness).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, assert_never

from drivers.errors import LocalError
from drivers.protocol.witness import Heard, Noise, Said, Sender, Withheld
from drivers.wires import WireKind

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Header:
    """What was recorded, and on which wire."""

    family: str
    """A key of drivers.registry.FAMILIES."""
    model: str
    """The profile the reader was opened with."""
    spec: str
    kind: WireKind
    packet_bytes: int | None


@dataclass(frozen=True, slots=True)
class Passed:
    """One side said something."""

    at_s: float
    """Since the recording began."""
    sender: Sender
    heard: Heard


@dataclass(frozen=True, slots=True)
class Ended:
    """The wire was closed by the host, or lost."""

    at_s: float
    by: Sender
    reason: str


Entry = Passed | Ended


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole one."""

    header: Header
    entries: tuple[Entry, ...]


def header_line(header: Header) -> str:
    """The first line."""
    return _line(
        {
            "recording": FORMAT,
            "family": header.family,
            "model": header.model,
            "spec": header.spec,
            "kind": header.kind.value,
            "packet_bytes": header.packet_bytes,
        }
    )


def entry_line(entry: Entry) -> str:
    """One of the others."""
    match entry:
        case Passed(at_s, sender, heard):
            said = {"at_s": round(at_s, 6), "from": sender.value}
            return _line(said | _heard_fields(heard))
        case Ended(at_s, by, reason):
            return _line({"at_s": round(at_s, 6), "end": reason, "by": by.value})
        case _:
            assert_never(entry)


def read_recording(text: str) -> Recording:
    """The recording in a file's text; raises LocalError for a broken one.

    A last line that was cut off, as by a power failure, is left out.
    """
    first, *others = text.split("\n")
    try:
        header = _header(json.loads(first))
        # What follows the last line's end is nothing, or the beginning of a line.
        entries = tuple(_entry(json.loads(line)) for line in others[:-1])
        return Recording(header, entries)
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(f"no recording, or a broken one: {error!r}") from None


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=True) + "\n"


def _heard_fields(heard: Heard) -> dict[str, Any]:
    match heard:
        case Said(packets):
            return {"packets": [packet.hex() for packet in packets]}
        case Withheld(size):
            return {"withheld_bytes": size}
        case Noise(size):
            return {"noise_bytes": size}
        case _:
            assert_never(heard)


def _header(fields: dict[str, Any]) -> Header:
    if fields["recording"] != FORMAT:
        raise ValueError(f"format {fields['recording']}")
    size = fields["packet_bytes"]
    return Header(
        family=str(fields["family"]),
        model=str(fields["model"]),
        spec=str(fields["spec"]),
        kind=WireKind(fields["kind"]),
        packet_bytes=None if size is None else int(size),
    )


def _entry(fields: dict[str, Any]) -> Entry:
    at_s = float(fields["at_s"])
    if "end" in fields:
        return Ended(at_s, Sender(fields["by"]), str(fields["end"]))
    return Passed(at_s, Sender(fields["from"]), _heard(fields))


def _heard(fields: dict[str, Any]) -> Heard:
    if "packets" in fields:
        return Said(tuple(map(bytes.fromhex, fields["packets"])))
    if "withheld_bytes" in fields:
        return Withheld(int(fields["withheld_bytes"]))
    return Noise(int(fields["noise_bytes"]))
