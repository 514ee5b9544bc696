"""Texts as pictures: read back point by point from the bytes a screen is sent."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from drivers.letters import GLYPHS, HEIGHT, WIDTH
from drivers.picture import (
    COLUMN,
    ROW,
    SCALE,
    columns_of,
    drawable,
    rows_of,
    text_picture,
)

SHAPES = {glyph: letter for letter, glyph in GLYPHS.items()}


def points_of(bmp: bytes) -> list[list[bool]]:
    """The rows of a black and white BMP file from the top; True is black."""
    magic, size, _, _, begin = struct.unpack("<2sIHHI", bmp[:14])
    info = struct.unpack("<IiiHHIIiiII", bmp[14:54])
    _, width, height, planes, bits, compression, _, _, _, colours, _ = info
    assert (magic, size, planes, bits, compression) == (b"BM", len(bmp), 1, 1, 0)
    assert (colours, bmp[54:begin]) == (2, b"\xff\xff\xff\0\0\0\0\0")
    stride = (len(bmp) - begin) // height
    assert stride % 4 == 0
    rows = [bmp[begin + y * stride : begin + (y + 1) * stride] for y in range(height)]
    return [
        [bool(row[x // 8] >> 7 - x % 8 & 1) for x in range(width)]
        for row in reversed(rows)
    ]


def text_in(bmp: bytes) -> list[str]:
    """What can be read on the picture."""
    points = points_of(bmp)
    return [
        "".join(
            letter_at(points, x=column * COLUMN, y=row * ROW + SCALE)
            for column in range(columns_of(len(points[0])))
        ).rstrip()
        for row in range(rows_of(len(points)))
    ]


def letter_at(points: list[list[bool]], *, x: int, y: int) -> str:
    rows = [
        sum(
            points[y + row * SCALE][x + point * SCALE] << WIDTH - 1 - point
            for point in range(WIDTH)
        )
        for row in range(HEIGHT)
    ]
    return SHAPES["".join(f"{row:02x}" for row in rows)]


def test_a_text_can_be_read_on_its_picture() -> None:
    picture = text_picture(["2 Espresso", "Total 5.60 EUR"], width=320, height=240)

    assert text_in(picture)[:3] == ["2 Espresso", "Total 5.60 EUR", ""]


def test_every_letter_has_a_shape_of_its_own() -> None:
    assert len(SHAPES) == len(GLYPHS)


def test_accents_are_left_away_and_strange_letters_told() -> None:
    assert drawable("Café Größe 5 € 茶") == "Cafe Grosse 5 € ?"


def test_what_does_not_fit_is_cut_off() -> None:
    lines = ["x" * 99] * 99

    read = text_in(text_picture(lines, width=100, height=50))

    assert read == ["x" * columns_of(100)] * rows_of(50)


@given(
    st.lists(st.text(st.sampled_from(sorted(GLYPHS)), max_size=30), max_size=15),
    st.integers(12, 400),
    st.integers(18, 300),
)
def test_any_text_is_read_back_from_any_size(
    lines: list[str], width: int, height: int
) -> None:
    read = text_in(text_picture(lines, width=width, height=height))

    fitting = [line[: columns_of(width)].rstrip() for line in lines[: rows_of(height)]]
    assert read[: len(fitting)] == fitting
    assert not any(read[len(fitting) :])
