"""Commands 2001 and 2002: a PIN, typed on the device and out of it encrypted only.

Command 2001 would take the account number from the host. This project never has one,
so it sends none and keeps none: the device then makes a block of format 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import Parameters, number, number_of, required
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv


class PinSequence(IntEnum):
    """What the screens say; a session stays open until one of the last three."""

    ENTER = 0x00
    PRESENT_CARD_AND_ENTER = 0x01
    TRY_AGAIN = 0x02
    ENTER_TWICE = 0x03
    PRESENT_CARD_AND_ENTER_TWICE = 0x04
    ENTER_AGAIN = 0x05
    CANCEL = 0xFD
    FAIL = 0xFE
    SUCCEED = 0xFF


class PinBlock(IntEnum):
    """Formats of ISO 9564-1 by their numbers on the wire."""

    ISO_0 = 0x00
    ISO_1 = 0x01
    ISO_3 = 0x03
    ISO_4 = 0x04


@dataclass(frozen=True, slots=True)
class PinEntry:
    """What 2001 and 2002 have in common."""

    sequence: PinSequence
    least_digits: int = 4
    most_digits: int = 12
    block_format: int = PinBlock.ISO_0


@dataclass(frozen=True, slots=True)
class RequestPin:
    """Ask for a PIN without a card."""

    id: ClassVar[CommandId] = CommandId.REQUEST_PIN

    timeout_s: int
    entry: PinEntry

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        sequence, limits, block_format = _entry_parameters(self.entry)
        account = Tlv(_ACCOUNT, children=(number_of(0x81, 0),))
        timeout = number_of(0x81, self.timeout_s)
        return (timeout, sequence, limits, block_format, account)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command without its account number; raises FrameError."""
        return cls(number(parameters, 0x81), _entry_in(parameters))


@dataclass(frozen=True, slots=True)
class RequestCardPin:
    """Ask for a card, and then for its PIN; the card's counters do not move."""

    id: ClassVar[CommandId] = CommandId.REQUEST_CARD_PIN

    timeout_s: int
    entry: PinEntry
    swipe: bool = True
    insert: bool = True
    tap: bool = True

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        readers = (
            number_of(0x81, self.swipe),
            number_of(0x82, self.insert),
            number_of(0x83, self.tap),
        )
        return (
            number_of(0x81, self.timeout_s),
            Tlv(_READERS, children=readers),
            Tlv(_ENTRY, children=_entry_parameters(self.entry)),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        entry = tlv.find(parameters, _ENTRY)
        if entry is None:
            raise FrameError("a PIN request without PIN options")
        return cls(
            number(parameters, 0x81),
            _entry_in(entry.children),
            swipe=number(parameters, _READERS, 0x81, default=0) != 0,
            insert=number(parameters, _READERS, 0x82, default=0) != 0,
            tap=number(parameters, _READERS, 0x83, default=0) != 0,
        )


@dataclass(frozen=True, slots=True)
class EncryptedPinBlock:
    """Template F5: a PIN under a key of the device's."""

    block: bytes = field(repr=False)
    ksn: bytes
    block_format: int
    encryption_type: int

    def parameters(self) -> Parameters:
        """Template F5."""
        content = (
            number_of(_FORMAT, self.block_format),
            Tlv(_BLOCK, self.block),
            Tlv(_KSN, self.ksn),
            number_of(_ENCRYPTION_TYPE, self.encryption_type),
        )
        return (Tlv(_PIN, children=content),)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The PIN among these objects; raises FrameError."""
        return cls(
            required(parameters, _PIN, _BLOCK),
            required(parameters, _PIN, _KSN),
            block_format=number(parameters, _PIN, _FORMAT),
            encryption_type=number(parameters, _PIN, _ENCRYPTION_TYPE),
        )


_READERS = 0xA3
_ENTRY = 0xA4
_ACCOUNT = 0xA1
_SEQUENCE = 0x82
_LIMITS = 0x83
_BLOCK_FORMAT = 0x85
_PIN = 0xF5
_FORMAT = 0xDF71
_BLOCK = 0x99
_KSN = 0xDFDF41
_ENCRYPTION_TYPE = 0xDFDF42


def _entry_parameters(entry: PinEntry) -> Parameters:
    return (
        number_of(_SEQUENCE, entry.sequence),
        Tlv(_LIMITS, bytes((entry.most_digits, entry.least_digits))),
        number_of(_BLOCK_FORMAT, entry.block_format),
    )


def _entry_in(parameters: Parameters) -> PinEntry:
    sequence = number(parameters, _SEQUENCE)
    if sequence not in set(PinSequence):
        raise FrameError(f"no PIN sequence {sequence:02X}")
    most, least = divmod(number(parameters, _LIMITS, length=2), 0x100)
    return PinEntry(
        PinSequence(sequence),
        least_digits=least,
        most_digits=most,
        block_format=number(parameters, _BLOCK_FORMAT),
    )
