"""Formats and sizes of images, read from headers made by hand."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.stripe_api.resources.files.images import Image, read_image

SIZES = st.integers(1, 0xFFFF)
SEGMENTS = st.lists(
    st.tuples(st.sampled_from([0xC4, 0xDB, 0xE0, 0xE1, 0xFE]), st.binary(max_size=40)),
    max_size=5,
)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width: int, height: int, segments: list[tuple[int, bytes]]) -> bytes:
    before = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
        for marker, content in segments
    )
    frame = struct.pack(">BBHBHH", 0xFF, 0xC0, 11, 8, height, width)
    return b"\xff\xd8" + before + b"\xff" + frame


@given(SIZES, SIZES)
def test_png_tells_its_size(width: int, height: int) -> None:
    assert read_image(png(width, height)) == Image("png", width, height)


@given(SIZES, SIZES)
def test_gif_tells_its_size(width: int, height: int) -> None:
    assert read_image(gif(width, height)) == Image("gif", width, height)


@given(SIZES, SIZES, SEGMENTS)
def test_jpeg_tells_its_size_wherever_the_frame_is(
    width: int, height: int, segments: list[tuple[int, bytes]]
) -> None:
    content = jpeg(width, height, segments)

    assert read_image(content) == Image("jpg", width, height)


@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"\xff\xd8"]), st.binary()
)
def test_any_bytes_are_an_image_or_not(start: bytes, rest: bytes) -> None:
    image = read_image(start + rest)

    assert image is None or (image.width > 0 and image.height > 0)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7",
        png(0, 5),
        png(5, 5).replace(b"IHDR", b"IDAT"),
        png(5, 5)[:18],
        jpeg(5, 5, [])[:8],
        jpeg(0x505, 5, [])[:-1],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xd0\xff\xda",
        b"\xff\xd8\x00\x00\x00",
    ],
)
def test_what_is_no_whole_header_is_no_image(content: bytes) -> None:
    assert read_image(content) is None
