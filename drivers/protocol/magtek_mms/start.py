"""Command 1001: what a transaction is about and which cards it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import (
    Parameters,
    number,
    number_of,
    optional_number,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.tips import TipOptions, decode_tips, encode_tips
from drivers.protocol.tlv import Tlv


class Contactless(IntEnum):
    """What the device looks for in its field."""

    OFF = 0x00
    EMV = 0x01
    NFC = 0x02
    EMV_AND_NFC = 0x03


class Options(IntFlag):
    """Parameter 84. Without QUICK_CHIP the device waits for the issuer's answer."""

    QUICK_CHIP = 0x0001
    DYNAPRO_FORMAT = 0x0002
    """The layout of card data; the only one devices know, so always set."""
    SIGNATURE_BY_SERVICE_CODE_OFF = 0x0004
    SHOW_AMOUNT_IN_QUICK_CHIP = 0x0008
    WALLET_OR_CARD = 0x0100
    """Read a loyalty pass from a phone, or else a card."""
    WALLET_AND_CARD = 0x0200
    WALLET_ONLY = 0x0300
    APPLE_WALLET = 0x1000
    GOOGLE_WALLET = 0x2000
    FULL_WALLET_PROTOCOL = 0x8000


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """Let the card number be typed; no other way to present a card goes with it."""

    has_key_sounds: bool = False


@dataclass(frozen=True, slots=True)
class BarcodeMode:
    """Take a code in place of a card, too."""

    is_encrypted: bool = False


@dataclass(frozen=True, slots=True)
class FinalScreen:
    """What the device shows when it is done, where not its usual texts."""

    is_thank_you_suppressed: bool = False
    string_id: int | None = None


@dataclass(frozen=True, slots=True)
class StartTransaction:
    """Begin to read a card; updates and the outcome come as notifications."""

    id: ClassVar[CommandId] = CommandId.START_TRANSACTION

    timeout_s: int
    """For the cardholder to act; 0 is forever."""
    swipe: bool
    insert: bool
    contactless: Contactless
    options: Options
    emv_data: tuple[Tlv, ...]
    """At least transaction type, amounts and currency."""
    manual: ManualEntry | None = None
    barcode: BarcodeMode | None = None
    pin_block_format: int | None = None
    """0, 3 or 4: formats of ISO 9564-1."""
    tips: TipOptions | None = None
    final_screen: FinalScreen | None = None

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        tips = () if self.tips is None else (encode_tips(self.tips),)
        return (
            number_of(_TIMEOUT, self.timeout_s),
            Tlv(_READERS, children=self._readers()),
            *tips,
            number_of(_OPTIONS, self.options, length=2),
            Tlv(_EMV_DATA, tlv.encode(self.emv_data)),
            *_final_screen(self.final_screen),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError or TlvError."""
        default = Options.QUICK_CHIP | Options.DYNAPRO_FORMAT
        return cls(
            timeout_s=number(parameters, _TIMEOUT, default=0),
            swipe=number(parameters, _READERS, _SWIPE, default=0) != 0,
            insert=number(parameters, _READERS, _INSERT, default=0) != 0,
            contactless=_contactless(parameters),
            options=Options(number(parameters, _OPTIONS, length=2, default=default)),
            emv_data=tlv.decode(tlv.find_value(parameters, _EMV_DATA) or b""),
            manual=_manual(parameters),
            barcode=_barcode(parameters),
            pin_block_format=optional_number(parameters, _READERS, _PIN_BLOCK),
            tips=decode_tips(parameters),
            final_screen=_final_screen_in(parameters),
        )

    def _readers(self) -> Parameters:
        readers = [
            number_of(_SWIPE, self.swipe),
            number_of(_INSERT, self.insert),
            number_of(_CONTACTLESS, self.contactless),
        ]
        if self.manual is not None:
            readers.append(Tlv(_MANUAL, bytes((0, 0, self.manual.has_key_sounds))))
        if self.barcode is not None:
            readers.append(Tlv(_BARCODE, bytes((1, self.barcode.is_encrypted))))
        if self.pin_block_format is not None:
            readers.append(number_of(_PIN_BLOCK, self.pin_block_format))
        return tuple(readers)


_TIMEOUT = 0x82
_READERS = 0xA3
_SWIPE = 0x81
_INSERT = 0x82
_CONTACTLESS = 0x83
_MANUAL = 0x84
_BARCODE = 0x85
_PIN_BLOCK = 0x86
_OPTIONS = 0x84
_EMV_DATA = 0x86
_FINAL_SCREEN = 0xAC
_NO_THANK_YOU = 0x81
_FINAL_STRING = 0x82


def _contactless(parameters: Parameters) -> Contactless:
    mode = number(parameters, _READERS, _CONTACTLESS, default=0)
    if mode not in set(Contactless):
        raise FrameError(f"no contactless mode {mode:02X}")
    return Contactless(mode)


def _manual(parameters: Parameters) -> ManualEntry | None:
    value = tlv.find_value(parameters, _READERS, _MANUAL)
    if not value:
        return None
    if len(value) != 3:
        raise FrameError(f"{len(value)} bytes of manual entry")
    return ManualEntry(has_key_sounds=value[2] != 0)


def _barcode(parameters: Parameters) -> BarcodeMode | None:
    mode = number(parameters, _READERS, _BARCODE, length=2, default=0)
    is_enabled, is_encrypted = divmod(mode, 0x100)
    return BarcodeMode(is_encrypted=is_encrypted != 0) if is_enabled else None


def _final_screen(screen: FinalScreen | None) -> Parameters:
    if screen is None:
        return ()
    shown = [Tlv(_NO_THANK_YOU)] if screen.is_thank_you_suppressed else []
    if screen.string_id is not None:
        shown.append(number_of(_FINAL_STRING, screen.string_id))
    return (Tlv(_FINAL_SCREEN, children=tuple(shown)),)


def _final_screen_in(parameters: Parameters) -> FinalScreen | None:
    found = tlv.find(parameters, _FINAL_SCREEN)
    if found is None:
        return None
    return FinalScreen(
        is_thank_you_suppressed=tlv.find(found.children, _NO_THANK_YOU) is not None,
        string_id=optional_number(found.children, _FINAL_STRING),
    )
