"""The ids of events: told by place and content, so that they need no index. Pure.

`evt_`, ten digits of the sequence number, so that ids sort as the events do, and
fourteen letters that differ from machine to machine.
"""

from __future__ import annotations

import re
from hashlib import sha256

from agent.ids import EventId

_LETTERS = str.maketrans("0123456789abcdef", "ghjkmnpqrstuvwxz")
"""Letters only: more digits could look like a card's number."""
_ID = re.compile(r"evt_([0-9]{10})[g-z]{14}")


def event_id(seq: int, *, at: str, type: str, data: str) -> EventId:
    """The id of the event at that place of this machine's stream."""
    digest = sha256(f"{seq}\0{at}\0{type}\0{data}".encode()).hexdigest()
    return EventId(f"evt_{seq:010}{digest[:14].translate(_LETTERS)}")


def seq_in(event_id: str) -> int | None:
    """The sequence number that an id claims; None where it is no id of ours."""
    match = _ID.fullmatch(event_id)
    return None if match is None else int(match[1])
