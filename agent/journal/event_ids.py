"""The ids of events: told by place and content, so that they need no index. Pure.

`evt_` and 24 letters and digits: nine for the sequence number, so that ids sort as the
events do, and fifteen that differ from machine to machine.
"""

from __future__ import annotations

from hashlib import sha256

from agent.ids import EventId

_PREFIX = "evt_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_SEQ_LENGTH = 9
_REST_LENGTH = 15


def event_id(seq: int, *, at: str, type: str, data: str) -> EventId:
    """The id of the event at that place of this machine's stream."""
    digest = sha256("\0".join((str(seq), at, type, data)).encode()).digest()
    rest = _base62(int.from_bytes(digest), length=_REST_LENGTH)
    return EventId(_PREFIX + _base62(seq, length=_SEQ_LENGTH) + rest)


def seq_in(event_id: str) -> int | None:
    """The sequence number that an id claims; None where it is no id of ours."""
    digits = event_id.removeprefix(_PREFIX)
    is_ours = event_id.startswith(_PREFIX) and len(digits) == _SEQ_LENGTH + _REST_LENGTH
    if not is_ours or not set(digits) <= _VALUES.keys():
        return None
    seq = 0
    for digit in digits[:_SEQ_LENGTH]:
        seq = seq * len(_DIGITS) + _VALUES[digit]
    return seq


def _base62(number: int, *, length: int) -> str:
    """The number's last `length` digits."""
    digits = []
    for _ in range(length):
        number, value = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[value])
    return "".join(reversed(digits))
