"""Commands D101 and D111: a device's properties, a tree addressed by object identifiers.

The first number of an identifier is the property type. The others are nested TLV,
`E0 | number` for a branch and `C0 | number` for the leaf; as many of them as one likes
may stand in a prefix of plain bytes instead (manual, 6.6 and 8).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, Self

from drivers.errors import FrameError, LocalError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import Parameters, number, required
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv, is_constructed, walk

SERIAL_NUMBER = (2, 2, 1, 1, 1, 1)
MODEL_NAME = (2, 1, 2, 2, 2, 1)
FIRMWARE_ID = (2, 1, 2, 2, 2, 2)
"""Part number and revision of the main firmware, as MagTek's own demo asks for it."""
TRANSACTION_KEYS = (2, 3, 1, 1, 1, 2)
"""Four bytes of which bit n says whether there is a key in slot FIRST_KEY_SLOT + n."""
FIRST_KEY_SLOT = 0x2000
BATTERY_PERCENT = (2, 3, 1, 2, 1, 4)
CHARGER_STATUS = (2, 3, 1, 2, 1, 5)
SIGNATURE_CONTROL = (1, 2, 1, 1, 2, 1)
"""00: the device asks for signatures by itself; 01: the host does."""
USER_EVENTS = (1, 2, 7, 1, 2, 1)
"""Bit n of the first byte: whether an idle device tells of reason n of notification
1001, from its next start on; cards that come and go among them."""
CARD_REMOVED_EVENT = 0x08
KEY_SLOTS = {
    "pin": (1, 1, 2, 4, 1, 1),
    "data": (1, 1, 2, 4, 1, 2),
    "mac": (1, 1, 2, 4, 1, 3),
    "magneprint": (1, 1, 2, 4, 1, 4),
    "pin_aes": (1, 1, 2, 4, 1, 7),
}
"""For which purpose which slot is used: slot (2 bytes) and kind of derivation."""


@dataclass(frozen=True, slots=True)
class GetProperty:
    """Ask for one property, such as SERIAL_NUMBER."""

    id: ClassVar[CommandId] = CommandId.GET_PROPERTY

    oid: tuple[int, ...]

    def parameters(self) -> Parameters:
        """The tree with an empty leaf."""
        return _question(self.oid)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The property asked for; raises FrameError or TlvError for a malformed path."""
        return cls(_oid_in(parameters))


@dataclass(frozen=True, slots=True)
class SetProperty:
    """Change one property; devices keep them in flash memory, which wears."""

    id: ClassVar[CommandId] = CommandId.SET_PROPERTY

    oid: tuple[int, ...]
    value: bytes = field(repr=False)

    def parameters(self) -> Parameters:
        """The tree with the leaf filled."""
        return answer_parameters(self.oid, self.value)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The change asked for; raises FrameError or TlvError for a malformed path."""
        return cls(_oid_in(parameters), property_value(parameters))


def answer_parameters(oid: tuple[int, ...], value: bytes) -> Parameters:
    """The parameters of the response: the same tree with the leaf filled."""
    if len(oid) < 2 or not all(0 < number < 0x1F for number in oid):
        raise LocalError(f"no property {oid}")
    kind, *branches, leaf = oid
    tree = Tlv(_LEAF | leaf, value)
    for number_ in reversed(branches):
        tree = Tlv(_BRANCH | number_, children=(tree,))
    return (
        Tlv(_COMPANY, _MAGTEK),
        Tlv(_PROPERTY_TYPE, bytes((kind,))),
        Tlv(_TREE, tlv.encode((tree,))),
    )


def property_value(parameters: Parameters) -> bytes:
    """The value in a response, from which the text's NUL padding is not yet cut.

    Raises FrameError where there is none.
    """
    tree = tlv.decode(tlv.find_value(parameters, _TREE) or b"")
    leaf = next((item for item in walk(tree) if not is_constructed(item.tag)), None)
    if leaf is None:
        raise FrameError("a property response without a value")
    return leaf.value


def property_text(value: bytes) -> str:
    """A value for people: its text, or upper-case hex where it is none."""
    text = value.rstrip(b"\x00")
    if text and all(0x20 <= byte < 0x7F for byte in text):
        return text.decode("ascii").strip()
    return value.hex().upper()


def serial_number_text(value: bytes) -> str:
    """The serial number on the label.

    DynaFlex keeps it as seven hex digits and a spare one (manual, 8, 2.2.1.1.1.1).
    """
    text = property_text(value)
    is_packed = len(value) == _PACKED_SERIAL_BYTES and text == value.hex().upper()
    return text[:_SERIAL_DIGITS] if is_packed else text


_COMPANY = 0x81
_PROPERTY_TYPE = 0x85
_PREFIX = 0x87
_TREE = 0x89
_BRANCH = 0xE0
_LEAF = 0xC0
_MAGTEK = bytes.fromhex("2B06010401F609")
_PACKED_SERIAL_BYTES = 4
_SERIAL_DIGITS = 7


@lru_cache(maxsize=64)
def _question(oid: tuple[int, ...]) -> Parameters:
    return answer_parameters(oid, b"")


def _oid_in(parameters: Parameters) -> tuple[int, ...]:
    kind = number(parameters, _PROPERTY_TYPE)
    prefix = tlv.find_value(parameters, _PREFIX) or b""
    path = [item.tag for item in walk(tlv.decode(required(parameters, _TREE)))]
    if not path or max(path) > 0xFF:
        raise FrameError("a property request without a path")
    return (kind, *prefix, *(tag & 0x1F for tag in path))
