"""What the cardholder drew: the file of command 1801, and the object in batch data.

Both list points with a mark where the pen was lifted. In the file each coordinate has
two bytes and the window comes with it; in DFDF3E one byte and no window (manual, 4.6
and 4.15). The mark is unverified.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.errors import FrameError, LocalError
from drivers.features import Point, Signature
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import required
from drivers.protocol.tlv import Tlv

DEFAULT_WIDTH, DEFAULT_HEIGHT = 320, 240
"""Of a file that is a bare list of points."""
COMPACT_WIDTH, COMPACT_HEIGHT = 0xFD, 0x78
"""Of the signature in batch data: the window in landscape."""


def encode_signature(signature: Signature) -> bytes:
    """The file; raises LocalError for a point that does not fit two bytes."""
    edges = (0, signature.width, 0, signature.height)
    window = b"".join(_coordinate(edge, 2) for edge in edges)
    return tlv.encode((Tlv(_WINDOW, window), Tlv(_POINTS, _points(signature, 2))))


def decode_signature(file: bytes) -> Signature:
    """The drawing in a file, from its window's corner; raises FrameError or TlvError."""
    if not file.startswith(_WINDOW_START):
        strokes = _strokes(file, 2, left=0, top=0)
        return Signature(strokes, DEFAULT_WIDTH, DEFAULT_HEIGHT)
    objects = tlv.decode(file)
    window = required(objects, _WINDOW)
    left, right, top, bottom = (
        int.from_bytes(window[start : start + 2], "big") for start in range(0, 8, 2)
    )
    if right <= left or bottom <= top:
        raise FrameError("a signature in a window without area")
    points = tlv.find_value(objects, _POINTS) or b""
    strokes = _strokes(points, 2, left=left, top=top)
    return Signature(strokes, width=right - left, height=bottom - top)


def encode_compact(signature: Signature) -> bytes:
    """The value of DFDF3E; raises LocalError for a point that does not fit a byte."""
    return _points(signature, 1)


def decode_compact(value: bytes) -> Signature:
    """The drawing in DFDF3E; raises FrameError."""
    strokes = _strokes(value, 1, left=0, top=0)
    return Signature(strokes, COMPACT_WIDTH, COMPACT_HEIGHT)


_WINDOW = 0x81
_POINTS = 0x82
_WINDOW_START = bytes((_WINDOW, 8))
"""No list of points starts like this: no screen is as wide as that."""


def _points(signature: Signature, size: int) -> bytes:
    lifted = b"\xff" * (2 * size)
    strokes = (
        b"".join(_coordinate(p.x, size) + _coordinate(p.y, size) for p in stroke)
        for stroke in signature.strokes
    )
    return b"".join(stroke + lifted for stroke in strokes)


def _coordinate(number: int, size: int) -> bytes:
    if not 0 <= number < (1 << 8 * size) - 1:
        raise LocalError(f"{number} is no place on a screen")
    return number.to_bytes(size, "big")


def _strokes(
    data: bytes, size: int, *, left: int, top: int
) -> tuple[tuple[Point, ...], ...]:
    if len(data) % (2 * size):
        raise FrameError(f"{len(data)} bytes of points")
    strokes: list[tuple[Point, ...]] = []
    stroke: list[Point] = []
    for x, y in _pairs(data, size):
        if x == y == (1 << 8 * size) - 1:
            strokes.append(tuple(stroke))
            stroke.clear()
        else:
            stroke.append(Point(x - left, y - top))
    return tuple(filter(None, [*strokes, tuple(stroke)]))


def _pairs(data: bytes, size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, len(data), 2 * size):
        middle = start + size
        x, y = data[start:middle], data[middle : middle + size]
        yield int.from_bytes(x, "big"), int.from_bytes(y, "big")
