"""TLV as NEO readers write card data: some objects masked, some encrypted, side by side.

The first length byte of such an object says which it is: `A1 nn` is a masked value and
`C1 nn` an encrypted one, where BER-TLV has `81 nn` or just `nn`. A sensitive object
comes as both twins, and may do so inside a template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from drivers.errors import LocalError, TlvError
from drivers.protocol.tlv import (
    MAX_BYTES,
    MAX_DEPTH,
    is_constructed,
    opens_tag,
    read_tag,
    write_tag,
)


class Form(IntEnum):
    """What a value is; the high three bits of a length in more than one byte."""

    PLAIN = 0x80
    MASKED = 0xA0
    ENCRYPTED = 0xC0
    """The whole object in plain form, filled with zeros to whole blocks, in CBC."""


class CardObject(NamedTuple):
    """One data object; a plain template has `children`, everything else a `value`.

    `repr` shows sizes only, since a value may be cardholder data.
    """

    tag: int
    value: bytes = b""
    form: Form = Form.PLAIN
    children: tuple[CardObject, ...] = ()

    def __repr__(self) -> str:
        if self.children:
            return f"<{self.tag:02X}: {', '.join(map(repr, self.children))}>"
        return f"<{self.tag:02X}: {len(self.value)} bytes {self.form.name.lower()}>"


def is_template(tag: int) -> bool:
    """Whether a plain object of this tag consists of more objects."""
    return is_constructed(tag) and tag not in _VALUES_WITH_TEMPLATE_TAGS


def decode_objects(data: bytes) -> tuple[CardObject, ...]:
    """The objects that `data` consists of, in order, duplicates kept; raises TlvError.

    Fillers `00` and `FF` before a tag are skipped, as in plain TLV.
    """
    if len(data) > MAX_BYTES:
        raise TlvError(f"{len(data)} bytes of TLV exceed {MAX_BYTES}")
    try:
        return _decode(data, depth=1)
    except IndexError:
        raise TlvError("the data end inside a tag or length") from None


def encode_objects(objects: Iterable[CardObject]) -> bytes:
    """The bytes of `objects`; raises LocalError for an impossible one."""
    return b"".join([_encode(item) for item in objects])


def walk(objects: Iterable[CardObject]) -> Iterator[CardObject]:
    """Every object, each one before its children."""
    for item in objects:
        yield item
        yield from walk(item.children)


def find_value(
    objects: Iterable[CardObject], tag: int, *, form: Form = Form.PLAIN
) -> bytes | None:
    """The first value of that tag and form at any depth, or None."""
    return next(
        (each.value for each in walk(objects) if (each.tag, each.form) == (tag, form)),
        None,
    )


_VALUES_WITH_TEMPLATE_TAGS = frozenset({0xFFEE12, 0xFFEE13, 0xFFEE14, 0xFFEE1F})
"""ID TECH numbers groups and single values from one range, whatever bit 6 says."""
_FORM_BITS = 0xE0
_MOST_LENGTH_BYTES = 4


def _decode(data: bytes, *, depth: int) -> tuple[CardObject, ...]:
    if depth > MAX_DEPTH:
        raise TlvError(f"objects are nested deeper than {MAX_DEPTH}")
    found: list[CardObject] = []
    position = 0
    while position < len(data):
        if _is_filler(data[position : position + 2]):
            position += 1
            continue
        tag, position = read_tag(data, position)
        form, length, position = _read_length(data, position)
        value = data[position : position + length]
        if len(value) < length:
            raise TlvError(f"tag {tag:X} claims {length} bytes of {len(value)}")
        position += length
        if form is Form.PLAIN and is_template(tag):
            children = _decode(value, depth=depth + 1)
            found.append(CardObject(tag, children=children))
        else:
            found.append(CardObject(tag, value, form))
    return tuple(found)


def _is_filler(start: bytes) -> bool:
    return start[0] in (0x00, 0xFF) and not opens_tag(start)


def _read_length(data: bytes, position: int) -> tuple[Form, int, int]:
    first = data[position]
    position += 1
    if first < Form.PLAIN:
        return Form.PLAIN, first, position
    count = first & ~_FORM_BITS
    if first & _FORM_BITS == _FORM_BITS or not 0 < count <= _MOST_LENGTH_BYTES:
        raise TlvError(f"a length cannot begin with {first:02X}")
    length = 0
    for _ in range(count):
        length = length << 8 | data[position]
        position += 1
    return Form(first & _FORM_BITS), length, position


def _encode(item: CardObject) -> bytes:
    if item.form is not Form.PLAIN or not is_template(item.tag):
        if item.children:
            raise LocalError(f"{item!r} takes a value, no children")
        value = item.value
    else:
        if item.value:
            raise LocalError(f"template {item.tag:X} takes children, no value")
        value = encode_objects(item.children)
    return write_tag(item.tag) + _length_bytes(item.form, len(value)) + value


def _length_bytes(form: Form, length: int) -> bytes:
    if form is Form.PLAIN and length < Form.PLAIN:
        return bytes((length,))
    data = length.to_bytes(max((length.bit_length() + 7) // 8, 1), "big")
    return bytes((form | len(data),)) + data
