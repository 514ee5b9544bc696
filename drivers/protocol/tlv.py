"""BER-TLV as EMV uses it: bytes to an ordered list of data objects, and back.

Pure and bounded: refuses whatever a card reader has no reason to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from drivers.errors import LocalError, TlvError

MAX_BYTES = 64 * 1024
MAX_OBJECTS = 4096
MAX_DEPTH = 8
MAX_TAG_BYTES = 4


class Tlv(NamedTuple):
    """One data object: a primitive one has a `value`, a constructed one `children`.

    A named tuple because `decode` makes one per tag: it costs a quarter of a frozen
    dataclass. `repr` shows sizes only, since a value may be cardholder data.
    """

    tag: int
    value: bytes = b""
    children: tuple[Tlv, ...] = ()

    def __repr__(self) -> str:
        if is_constructed(self.tag):
            return f"<{self.tag:02X}: {', '.join(map(repr, self.children))}>"
        return f"<{self.tag:02X}: {len(self.value)} bytes>"


class Piece(NamedTuple):
    """One object byte for byte, unread inside: for what is only passed on."""

    tag: int
    value: bytes
    data: bytes
    """All of it, with tag and length as they came."""

    def __repr__(self) -> str:
        return f"<{self.tag:02X}: {len(self.value)} bytes>"


def is_constructed(tag: int) -> bool:
    """Whether bit 6 of the tag's first byte says that its value is more TLV."""
    return bool(write_tag(tag)[0] & 0x20)


def decode(
    data: bytes, *, padding: bool = True, max_bytes: int = MAX_BYTES
) -> tuple[Tlv, ...]:
    """The objects that `data` consists of, in order, duplicates kept.

    EMV Book 3, Annex B, with the `00` and `FF` fillers of ISO 7816-4 before a tag
    skipped (or refused, where not `padding`). Raises TlvError.
    """
    if len(data) > max_bytes:
        raise TlvError(f"{len(data)} bytes of TLV exceed {max_bytes}")
    try:
        objects, _ = _decode(data, 1, MAX_OBJECTS, padding)
    except IndexError:
        raise TlvError("the data end inside a tag or length") from None
    return objects


def encode(objects: Iterable[Tlv]) -> bytes:
    """The shortest encoding of `objects`; raises LocalError for an impossible one."""
    return b"".join([_encode(item) for item in objects])


def split(data: bytes) -> tuple[Piece, ...]:
    """The outermost objects of `data`, in order; fillers between them are skipped.

    Raises TlvError.
    """
    pieces: list[Piece] = []
    position = 0
    try:
        while position < len(data):
            if _KINDS[data[position]] == _FILLER and _is_filler(data, position, True):
                position += 1
                continue
            tag, start = read_tag(data, position)
            length, start = data[start], start + 1
            if length > 0x7F:
                length, start = _long_length(data, length, start)
            end = start + length
            if end > len(data):
                raise TlvError(f"tag {tag:X} claims {length} bytes")
            pieces.append(Piece(tag, data[start:end], data[position:end]))
            position = end
    except IndexError:
        raise TlvError("the data end inside a tag or length") from None
    return tuple(pieces)


def wrapped(tag: int, content: bytes) -> bytes:
    """An object around content that is encoded already."""
    return write_tag(tag) + _length_bytes(len(content)) + content


def find(objects: Iterable[Tlv], *path: int) -> Tlv | None:
    """The first object at `path`, each tag looked up inside the one before it."""
    found: Tlv | None = None
    for tag in path:
        for found in objects:
            if found.tag == tag:
                break
        else:
            return None
        objects = found.children
    return found


def find_value(objects: Iterable[Tlv], *path: int) -> bytes | None:
    """The value of the first object at `path`."""
    found = find(objects, *path)
    return None if found is None else found.value


def walk(objects: Iterable[Tlv]) -> Iterator[Tlv]:
    """Every object, each one before its children."""
    for item in objects:
        yield item
        yield from walk(item.children)


def read_tag(data: bytes, position: int) -> tuple[int, int]:
    """The tag at `position` of a list of tags, and the position after it."""
    try:
        tag = data[position]
        position += 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | data[position]
            position += 1
            if tag & 0x80:
                tag, position = _long_tag(data, tag, position)
    except IndexError:
        raise TlvError("the data end inside a tag") from None
    return tag, position


@lru_cache(maxsize=1024)
def write_tag(tag: int) -> bytes:
    """The bytes of a tag; raises LocalError for a number that is none."""
    if not 0 < tag < 1 << 8 * MAX_TAG_BYTES:
        raise LocalError(f"{tag:X} is no tag")
    data = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    continued = [byte & 0x80 != 0 for byte in data[1:]]
    is_whole = (
        continued == [True] * (len(data) - 2) + [False]
        if data[0] & 0x1F == 0x1F
        else len(data) == 1
    )
    if not is_whole or (data[0] == 0xFF and not opens_tag(data)):
        raise LocalError(f"{tag:X} is no tag")
    return data


def opens_tag(start: bytes) -> bool:
    """Whether an FF begins a tag, such as FF74 or FF8101, and is no filler.

    The byte after it decides: a tag's second byte is never 00-1E, 80 or FF
    (ISO 8825-1), and FF before one is filler (ISO 7816-4).
    """
    return (
        len(start) > 1
        and start[0] == 0xFF
        and 0x1F <= start[1] < 0xFF
        and start[1] != 0x80
    )


# The hot loop of a payment: one look-up, one slice and one tuple an object.
def _decode(
    data: bytes, depth: int, room: int, padding: bool
) -> tuple[tuple[Tlv, ...], int]:
    """Objects of one level and the number still allowed; IndexError if cut short."""
    found: list[Tlv] = []
    kinds, new_object = _KINDS, tuple.__new__
    position, end = 0, len(data)
    while position < end:
        tag = data[position]
        kind = kinds[tag]
        if kind == _SHORT:
            length = data[position + 1]
            start = position + 2
        elif kind == _LONG:
            tag = tag << 8 | data[position + 1]
            start = position + 2
            if tag & 0x80:
                tag, start = _long_tag(data, tag, start)
            length = data[start]
            start += 1
        else:
            if kind == _FILLER and _is_filler(data, position, padding):
                position += 1
                continue
            tag, start = read_tag(data, position)
            length = data[start]
            start += 1
        if length > 0x7F:
            length, start = _long_length(data, length, start)
        position = start + length
        if position > end:
            raise TlvError(f"tag {tag:X} claims {length} bytes of {end - start}")
        if kind < _TEMPLATE:
            found.append(new_object(Tlv, (tag, data[start:position], ())))
        else:
            inner = data[start:position]
            children, room = _decode_template(inner, depth, room, padding)
            found.append(new_object(Tlv, (tag, b"", children)))
    if room < len(found):
        raise TlvError(f"more than {MAX_OBJECTS} objects")
    return tuple(found), room - len(found)


_SHORT, _LONG, _TEMPLATE, _FILLER = range(4)


def _kind(first: int) -> int:
    if first in (0x00, 0xFF):
        return _FILLER
    if first & 0x20:
        return _TEMPLATE
    return _LONG if first & 0x1F == 0x1F else _SHORT


_KINDS = bytes(map(_kind, range(256)))
"""What the first byte of a tag says about it; FF may turn out to open a template."""


def _decode_template(
    data: bytes, depth: int, room: int, padding: bool
) -> tuple[tuple[Tlv, ...], int]:
    if depth == MAX_DEPTH:
        raise TlvError(f"objects are nested deeper than {MAX_DEPTH}")
    return _decode(data, depth + 1, room, padding)


def _is_filler(data: bytes, position: int, padding: bool) -> bool:
    if opens_tag(data[position : position + 2]):
        return False
    if not padding:
        raise TlvError("filler where a tag is expected")
    return True


def _long_tag(data: bytes, tag: int, position: int) -> tuple[int, int]:
    for _ in range(MAX_TAG_BYTES - 2):
        more = data[position]
        position += 1
        tag = tag << 8 | more
        if not more & 0x80:
            return tag, position
    raise TlvError(f"tag {tag:X}... is longer than {MAX_TAG_BYTES} bytes")


def _long_length(data: bytes, first: int, position: int) -> tuple[int, int]:
    if first == 0x80:
        raise TlvError("indefinite length")
    if first > 0x84:
        raise TlvError("a length of more than four bytes")
    length = 0
    for _ in range(first & 0x7F):
        length = length << 8 | data[position]
        position += 1
    return length, position


def _encode(item: Tlv) -> bytes:
    tag = write_tag(item.tag)
    if tag[0] & 0x20:
        if item.value:
            raise LocalError(f"constructed tag {item.tag:X} takes children, no value")
        value = encode(item.children)
    else:
        if item.children:
            raise LocalError(f"primitive tag {item.tag:X} takes a value, no children")
        value = item.value
    return tag + _length_bytes(len(value)) + value


def _length_bytes(length: int) -> bytes:
    if length <= 0x7F:
        return bytes((length,))
    data = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(data),)) + data
