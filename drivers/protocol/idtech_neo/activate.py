"""Commands of a transaction: 02-40 for every kind of card, 60-1x for the chip's rest.

A contact card needs three steps: 02-40 or 60-10 selects and reads its application,
60-11 asks it for a cryptogram, 60-12 gives it the issuer's answer. All others are done
with 02-40. While one of them is pending the reader takes any command but 05-01 for a
cancel. Layouts of 60-10 to 60-12 are unverified on a device.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo.fields import Bare, Code, Cursor, number
from drivers.protocol.tlv import Tlv, find_value

INTERFACES = 0xDFEF37
FALLBACK = 0xDFEF3C


class Interface(IntFlag):
    """Where a reader looks for cards: DFEF37."""

    MSR = 0x01
    CONTACTLESS = 0x02
    CONTACT = 0x04


@dataclass(frozen=True, slots=True)
class Fallback:
    """DFEF3C: what holds for a chip card."""

    is_allowed: bool
    """Whether its stripe may be swiped when the chip cannot be read."""
    next_command_s: int
    """How long the reader waits for 60-11."""


@dataclass(frozen=True, slots=True)
class ActivateTransaction:
    """Wait for a card, and read it."""

    CODE: ClassVar[Code] = (0x02, 0x40)
    timeout_s: int
    """For a card to come; reading it may take longer."""
    objects: tuple[Tlv, ...]
    """Transaction type, amounts, currency and the like."""
    interfaces: Interface | None = None
    """None leaves it to the reader's configuration."""
    fallback: Fallback | None = None

    def to_data(self) -> bytes:
        """The timeout and all else as TLV."""
        own: list[Tlv] = []
        if self.interfaces is not None:
            own.append(Tlv(INTERFACES, bytes((self.interfaces,))))
        if self.fallback is not None:
            seconds = number(self.fallback.next_command_s, 2)
            own.append(Tlv(FALLBACK, bytes((self.fallback.is_allowed,)) + seconds))
        return number(self.timeout_s, 1) + tlv.encode([*self.objects, *own])

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError or TlvError."""
        cursor = Cursor(data)
        timeout_s = cursor.byte()
        objects = tlv.decode(cursor.rest())
        interfaces = find_value(objects, INTERFACES)
        fallback = find_value(objects, FALLBACK)
        others = (item for item in objects if item.tag not in (INTERFACES, FALLBACK))
        return cls(
            timeout_s,
            tuple(others),
            interfaces=None if interfaces is None else _interfaces(interfaces),
            fallback=None if fallback is None else _fallback(fallback),
        )


@dataclass(frozen=True, slots=True)
class GetTransactionResult(Bare):
    """What a reader in auto-poll has read; laid out as the answer to 02-40."""

    CODE: ClassVar[Code] = (0x03, 0x40)


@dataclass(frozen=True, slots=True)
class CancelTransaction(Bare):
    """Stop; answered before or after the transaction's own answer, as firmware goes."""

    CODE: ClassVar[Code] = (0x05, 0x01)


@dataclass(frozen=True, slots=True)
class StartContact:
    """Wait for a chip card (or a swipe), select and read its application."""

    CODE: ClassVar[Code] = (0x60, 0x10)
    allows_fallback: bool
    timeout_s: int
    """For the card to be seated."""
    next_command_s: int
    objects: tuple[Tlv, ...]

    def to_data(self) -> bytes:
        """Flag, both timeouts, TLV."""
        timeouts = number(self.timeout_s, 2) + number(self.next_command_s, 2)
        return bytes((self.allows_fallback,)) + timeouts + tlv.encode(self.objects)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError or TlvError."""
        cursor = Cursor(data)
        return cls(
            allows_fallback=cursor.byte() != 0,
            timeout_s=cursor.big(2),
            next_command_s=cursor.big(2),
            objects=tlv.decode(cursor.rest()),
        )


@dataclass(frozen=True, slots=True)
class AuthenticateContact:
    """Ask the card that was read for its cryptogram."""

    CODE: ClassVar[Code] = (0x60, 0x11)
    forces_online: bool
    next_command_s: int
    """How long the reader then waits for 60-12."""
    objects: tuple[Tlv, ...] = ()

    def to_data(self) -> bytes:
        """Flag, timeout, TLV."""
        seconds = number(self.next_command_s, 2)
        return bytes((self.forces_online,)) + seconds + tlv.encode(self.objects)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError or TlvError."""
        cursor = Cursor(data)
        return cls(
            forces_online=cursor.byte() & 0x01 != 0,
            next_command_s=cursor.big(2),
            objects=tlv.decode(cursor.rest()),
        )


@dataclass(frozen=True, slots=True)
class ApplyHostResponse:
    """Give the card its issuer's answer: tags 8A, 91, 71 and 72."""

    CODE: ClassVar[Code] = (0x60, 0x12)
    objects: tuple[Tlv, ...]
    """All but the scripts."""
    scripts: bytes = field(default=b"", repr=False)
    """71 and 72 as the issuer wrote them, in order."""

    def to_data(self) -> bytes:
        """TLV."""
        return tlv.encode(self.objects) + self.scripts

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises TlvError."""
        pieces = tlv.split(data)
        objects = b"".join(p.data for p in pieces if p.tag not in _SCRIPTS)
        scripts = b"".join(p.data for p in pieces if p.tag in _SCRIPTS)
        return cls(tlv.decode(objects), scripts)


_SCRIPTS = frozenset({emv.ISSUER_SCRIPT_TEMPLATE_1, emv.ISSUER_SCRIPT_TEMPLATE_2})


def _interfaces(value: bytes) -> Interface:
    if len(value) != 1:
        raise FrameError("DFEF37 is not one byte")
    return Interface(value[0] & 0x07)


def _fallback(value: bytes) -> Fallback:
    if len(value) != 3:
        raise FrameError("DFEF3C is not three bytes")
    return Fallback(value[0] != 0, int.from_bytes(value[1:], "big"))
