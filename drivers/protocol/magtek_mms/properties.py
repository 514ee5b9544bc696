"""Command D101: a device's properties, a tree addressed by object identifiers.

The first number of an identifier is the property type; the others are nested TLV,
`E0 | number` for a branch and `C0 | number` for the leaf (manual, 8 Configuration).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from drivers.errors import FrameError, LocalError
from drivers.protocol import tlv
from drivers.protocol.tlv import Tlv, is_constructed, walk

SERIAL_NUMBER = (2, 2, 1, 1, 1, 1)
FIRMWARE_ID = (2, 1, 2, 2, 2, 2)
"""Part number and revision of the main firmware, as MagTek's own demo asks for it."""


@dataclass(frozen=True, slots=True)
class GetProperty:
    """Ask for one property, such as SERIAL_NUMBER."""

    oid: tuple[int, ...]


@lru_cache(maxsize=64)
def parameters(command: GetProperty) -> tuple[Tlv, ...]:
    """The parameters of the request: the tree with an empty leaf."""
    return answer_parameters(command.oid, b"")


def from_parameters(parameters: tuple[Tlv, ...]) -> GetProperty:
    """The property asked for; raises FrameError or TlvError for a malformed path."""
    kind = tlv.find_value(parameters, _PROPERTY_TYPE)
    tree = tlv.find_value(parameters, _TREE)
    if kind is None or len(kind) != 1 or tree is None:
        raise FrameError("a property request without type or tree")
    path = [item.tag for item in walk(tlv.decode(tree))]
    if not path or max(path) > 0xFF:
        raise FrameError("a property request without a path")
    return GetProperty((kind[0], *(tag & 0x1F for tag in path)))


def answer_parameters(oid: tuple[int, ...], value: bytes) -> tuple[Tlv, ...]:
    """The parameters of the response: the same tree with the leaf filled."""
    if len(oid) < 2 or not all(0 < number < 0x1F for number in oid):
        raise LocalError(f"no property {oid}")
    kind, *branches, leaf = oid
    tree = Tlv(_LEAF | leaf, value)
    for number in reversed(branches):
        tree = Tlv(_BRANCH | number, children=(tree,))
    return (
        Tlv(_COMPANY, _MAGTEK),
        Tlv(_PROPERTY_TYPE, bytes((kind,))),
        Tlv(_TREE, tlv.encode((tree,))),
    )


def property_value(parameters: tuple[Tlv, ...]) -> bytes:
    """The value in a response, from which the text's NUL padding is not yet cut.

    Raises FrameError where there is none.
    """
    tree = tlv.decode(tlv.find_value(parameters, _TREE) or b"")
    leaf = next((item for item in walk(tree) if not is_constructed(item.tag)), None)
    if leaf is None:
        raise FrameError("a property response without a value")
    return leaf.value


def property_text(value: bytes) -> str:
    """A value for people: its text, or upper-case hex where it is none.

    DynaFlex keeps its serial number as bytes whose hex digits are on the label.
    """
    text = value.rstrip(b"\x00")
    if text and all(0x20 <= byte < 0x7F for byte in text):
        return text.decode("ascii").strip()
    return value.hex().upper()


_COMPANY = 0x81
_PROPERTY_TYPE = 0x85
_TREE = 0x89
_BRANCH = 0xE0
_LEAF = 0xC0
_MAGTEK = bytes.fromhex("2B06010401F609")
