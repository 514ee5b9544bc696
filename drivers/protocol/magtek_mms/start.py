"""Command 1001: what a transaction is about and which cards it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from drivers.errors import FrameError
from drivers.protocol import tlv
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


@dataclass(frozen=True, slots=True)
class StartTransaction:
    """Begin to read a card; updates and the outcome come as notifications."""

    timeout_s: int
    """For the cardholder to act; 0 is forever."""
    swipe: bool
    insert: bool
    contactless: Contactless
    options: Options
    emv_data: tuple[Tlv, ...]
    """At least transaction type, amounts and currency."""


def parameters(command: StartTransaction) -> tuple[Tlv, ...]:
    """The command's parameters in the order of the manual's example."""
    readers = (
        Tlv(_SWIPE, bytes((command.swipe,))),
        Tlv(_INSERT, bytes((command.insert,))),
        Tlv(_CONTACTLESS, bytes((command.contactless,))),
    )
    return (
        Tlv(_TIMEOUT, command.timeout_s.to_bytes(1, "big")),
        Tlv(_READERS, children=readers),
        Tlv(_OPTIONS, command.options.to_bytes(2, "big")),
        Tlv(_EMV_DATA, tlv.encode(command.emv_data)),
    )


def from_parameters(parameters: tuple[Tlv, ...]) -> StartTransaction:
    """The command that these parameters make; raises FrameError or TlvError."""
    return StartTransaction(
        timeout_s=_number(parameters, _TIMEOUT, default=0),
        swipe=_number(parameters, _READERS, _SWIPE, default=0) != 0,
        insert=_number(parameters, _READERS, _INSERT, default=0) != 0,
        contactless=_contactless(parameters),
        options=Options(_number(parameters, _OPTIONS, default=_DEFAULT_OPTIONS)),
        emv_data=tlv.decode(tlv.find_value(parameters, _EMV_DATA) or b""),
    )


_TIMEOUT = 0x82
_READERS = 0xA3
_SWIPE = 0x81
_INSERT = 0x82
_CONTACTLESS = 0x83
_OPTIONS = 0x84
_EMV_DATA = 0x86

_DEFAULT_OPTIONS = Options.QUICK_CHIP | Options.DYNAPRO_FORMAT


def _contactless(parameters: tuple[Tlv, ...]) -> Contactless:
    mode = _number(parameters, _READERS, _CONTACTLESS, default=0)
    if mode not in set(Contactless):
        raise FrameError(f"no contactless mode {mode:02X}")
    return Contactless(mode)


def _number(parameters: tuple[Tlv, ...], *path: int, default: int) -> int:
    value = tlv.find_value(parameters, *path)
    return default if value is None else int.from_bytes(value, "big")
