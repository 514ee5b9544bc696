"""Tags that are no payment cards: their numbers, and commands passed to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.blobs import (
    EncryptedData,
    encrypted_in,
    encrypted_objects,
)
from drivers.protocol.magtek_mms.fields import Parameters, number, number_of, required
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv, find_value

TAG_KINDS = {
    0x01: "mifare_ultralight",
    0x02: "mifare_classic_1k",
    0x03: "mifare_classic_4k",
    0x04: "mifare_desfire_light",
    0x05: "mifare_mini",
    0x06: "mifare_plus_ev1",
    0x07: "mifare_plus_ev2",
    0x08: "mifare_plus_se",
    0x09: "mifare_plus_x",
    0x0A: "mifare_desfire_ev1",
    0x0B: "mifare_desfire_ev2",
    0x0C: "mifare_desfire_ev3",
}
"""By the extension of a card that was detected. 01 is NTAG as well as Ultralight."""


class TagCommandId(IntEnum):
    """Which kind of tag a command is passed to."""

    TYPE_2 = CommandId.PASS_TO_TYPE_2_TAG
    CLASSIC = CommandId.PASS_TO_CLASSIC_TAG
    DESFIRE = CommandId.PASS_TO_DESFIRE_TAG
    PLUS = CommandId.PASS_TO_PLUS_TAG


@dataclass(frozen=True, slots=True)
class PassToTag:
    """Send raw bytes to the tag in the field; the response carries its answer."""

    id: TagCommandId
    data: bytes = field(repr=False)
    is_encrypted: bool = False
    """Of the answer."""
    is_last: bool = False
    """The device then beeps, and ends the transaction."""

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (
            Tlv(0x81, self.data),
            number_of(0x82, self.is_encrypted),
            number_of(0x83, self.is_last),
        )

    @classmethod
    def from_parameters(cls, id_: TagCommandId, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(
            id_,
            required(parameters, 0x81),
            is_encrypted=number(parameters, 0x82, default=0) != 0,
            is_last=number(parameters, 0x83, default=0) != 0,
        )


@dataclass(frozen=True, slots=True)
class TagAnswer:
    """What came back; `data` is None where the tag did not answer."""

    is_successful: bool
    data: bytes | EncryptedData | None = field(default=None, repr=False)

    def parameters(self) -> Parameters:
        """The parameters of the response."""
        code = number_of(0x81, 0x00 if self.is_successful else 0x01)
        match self.data:
            case None:
                return (code,)
            case EncryptedData():
                content = encrypted_objects(self.data)
            case data:
                content = (Tlv(_CONTAINER, children=(Tlv(_DATA, data),)),)
        return (code, Tlv(0x82, tlv.encode(content)))

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The answer in a response; raises FrameError or TlvError."""
        is_successful = number(parameters, 0x81) == 0
        value = find_value(parameters, 0x82)
        if value is None:
            return cls(is_successful)
        content = tlv.decode(value)
        data = find_value(content, _CONTAINER, _DATA)
        return cls(is_successful, encrypted_in(content) if data is None else data)


def encode_uid(uid: bytes) -> bytes:
    """The blob that CardData of kind NFC_UID carries."""
    return tlv.encode([Tlv(_UID, uid)])


def decode_uid(blob: bytes) -> bytes:
    """The tag's number; raises FrameError or TlvError."""
    uid = find_value(tlv.decode(blob), _UID)
    if not uid:
        raise FrameError("a tag without a number")
    return uid


_CONTAINER = 0xFC
_DATA = 0xDF7A
_UID = 0xDF79
