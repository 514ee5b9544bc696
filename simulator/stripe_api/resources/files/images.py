"""What an image file says of itself in its header: format and size in pixels. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
_GIF = (b"GIF87a", b"GIF89a")
_JPEG = b"\xff\xd8"

# ITU-T T.81, table B.1: the markers that start a frame, and those without a length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_END = frozenset({0xD9, 0xDA})
"""End of image, and the start of a scan: no frame has come before it."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image's format and size."""

    format: str
    """`png`, `gif` or `jpg`, as a Stripe File's `type` says it."""
    width: int
    height: int


def read_image(content: bytes) -> Image | None:
    """What the header says; None where it is no PNG, GIF or JPEG, or is cut short."""
    if content.startswith(_PNG):
        return _png(content)
    if content.startswith(_GIF):
        return _sized("gif", content[6:8][::-1], content[8:10][::-1])
    if content.startswith(_JPEG):
        return _jpeg(content)
    return None


def _png(content: bytes) -> Image | None:
    # The first chunk must be IHDR, which starts with the size.
    if content[12:16] != b"IHDR":
        return None
    return _sized("png", content[16:20], content[20:24])


def _jpeg(content: bytes) -> Image | None:
    position = len(_JPEG)
    while position + 2 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        position += 1
        if marker == 0xFF:  # a fill byte before the marker
            continue
        position += 1
        if marker in _BARE:
            continue
        if marker in _END:
            return None
        if marker in _FRAMES:
            height, width = position + 3, position + 5
            return _sized("jpg", content[width : width + 2], content[height:width])
        position += max(2, int.from_bytes(content[position : position + 2], "big"))
    return None


def _sized(name: str, width: bytes, height: bytes) -> Image | None:
    """An image of that size, both big-endian; None where a part or all is missing."""
    size = int.from_bytes(width, "big"), int.from_bytes(height, "big")
    return Image(name, *size) if len(width) == len(height) and all(size) else None
