"""Text as a picture, for screens that show nothing else. Pure: bytes out, no screen."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Sequence

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
    rows = [""] * height
    for number, line in enumerate(lines[: rows_of(height)]):
        top = number * ROW + SCALE
        rows[top : top + HEIGHT * SCALE] = _drawn(drawable(line)[: columns_of(width)])
    # A BMP file begins with its lowest row.
    points = b"".join(_packed(row, width) for row in reversed(rows))
    return _headers(width, height, len(points)) + points


def _drawn(text: str) -> list[str]:
    """Rows of points, `1` for black; each letter is a column wide."""
    found: list[str] = []
    for row in range(HEIGHT):
        points = (f"{_points(letter, row):0{WIDTH}b}0" for letter in text)
        wide = "".join(point * SCALE for point in "".join(points))
        found += [wide] * SCALE
    return found


def _points(letter: str, row: int) -> int:
    return int(GLYPHS[letter][2 * row : 2 * row + 2], 16)


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
