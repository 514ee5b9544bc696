"""Text as a picture, for screens that show nothing else. Pure: bytes out, no screen."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Sequence
from functools import cache

from drivers.letters import GLYPHS, HEIGHT, WIDTH

SCALE = 2
"""Points of the screen to one of a letter, each way."""
COLUMN = (WIDTH + 1) * SCALE
ROW = (HEIGHT + 2) * SCALE
UNKNOWN = "?"

_HEADERS_BYTES = 14 + 40 + 2 * 4
_WHITE_AND_BLACK = bytes.fromhex("ffffff0000000000")


def rows_of(height: int) -> int:
    """How many lines of text a picture of that height has."""
    return height // ROW


def columns_of(width: int) -> int:
    """How many letters a line of a picture of that width has."""
    return width // COLUMN


def drawable(text: str) -> str:
    """`text` in the letters there are: without accents, and `?` for what is unknown."""
    taken_apart = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    letters = (each for each in taken_apart if not unicodedata.combining(each))
    return "".join(each if each in GLYPHS else UNKNOWN for each in letters)


def text_picture(lines: Sequence[str], *, width: int, height: int) -> bytes:
    """A black and white BMP file of that size, with the lines from the top left.

    What does not fit is cut off.
    """
    rows = [_packed("", width)] * height
    for number, line in enumerate(lines[: rows_of(height)]):
        top = number * ROW + SCALE
        drawn = _drawn(drawable(line)[: columns_of(width)], width)
        rows[top : top + HEIGHT * SCALE] = drawn
    # A BMP file begins with its lowest row.
    points = b"".join(reversed(rows))
    return _headers(width, height, len(points)) + points


def _drawn(text: str, width: int) -> list[bytes]:
    """The rows of points of a line, each as often as the scale says."""
    shapes = [_shape(letter) for letter in text]
    rows = ("".join(shape[row] for shape in shapes) for row in range(HEIGHT))
    return [packed for row in rows for packed in [_packed(row, width)] * SCALE]


@cache
def _shape(letter: str) -> tuple[str, ...]:
    """A letter's rows, a column wide, `1` for black."""
    glyph = bytes.fromhex(GLYPHS[letter])
    rows = (f"{row:0{WIDTH}b}0" for row in glyph)
    return tuple("".join(point * SCALE for point in row) for row in rows)


def _packed(row: str, width: int) -> bytes:
    """Eight points a byte, filled up to a multiple of four bytes."""
    padded = -(-width // 32) * 32
    return int(row.ljust(padded, "0"), 2).to_bytes(padded // 8, "big")


def _headers(width: int, height: int, size: int) -> bytes:
    """BITMAPFILEHEADER, BITMAPINFOHEADER and two colours; nothing is compressed."""
    whole = _HEADERS_BYTES + size
    file = struct.pack("<2sIHHI", b"BM", whole, 0, 0, _HEADERS_BYTES)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 1, 0, size, 0, 0, 2, 2)
    return file + info + _WHITE_AND_BLACK
