"""Talking to cards and tags directly: 2C-xx, while pass-through is on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.idtech_neo.fields import Bare, Code, Cursor, exactly, number


class TokenKind(IntEnum):
    """What was found in the field (manual, 8.12.4)."""

    NONE = 0x00
    ISO_14443_A = 0x01
    ISO_14443_B = 0x02
    MIFARE_CLASSIC = 0x03
    MIFARE_ULTRALIGHT = 0x04
    ISO_14443_A_RAW = 0x05
    """Without ISO 14443-4."""
    ISO_14443_B_RAW = 0x06
    NFC_PHONE = 0x07


class CardInterface(IntEnum):
    """Whom an APDU is for."""

    CONTACTLESS = 0x00
    CONTACT = 0x20


@dataclass(frozen=True, slots=True)
class SetPassThrough:
    """Begin or end; at the end the reader is as it was before."""

    CODE: ClassVar[Code] = (0x2C, 0x01)
    is_on: bool

    def to_data(self) -> bytes:
        """One byte."""
        return bytes((self.is_on,))

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        value = exactly(data, 1)[0]
        if value > 1:
            raise FrameError(f"pass-through {value:02X}")
        return cls(value == 1)


@dataclass(frozen=True, slots=True)
class PollForToken:
    """Wait for a card or tag, and name it."""

    CODE: ClassVar[Code] = (0x2C, 0x02)
    timeout_ms: int
    """In steps of 10 ms; at most 255 s."""

    def to_data(self) -> bytes:
        """Whole seconds and hundredths."""
        seconds, rest_ms = divmod(self.timeout_ms, 1000)
        return number(seconds, 1) + number(rest_ms // 10, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError where there is no time at all."""
        seconds, hundredths = exactly(data, 2)
        if not seconds and not hundredths:
            raise FrameError("a poll for no time")
        return cls(1000 * seconds + 10 * hundredths)


@dataclass(frozen=True, slots=True)
class ExchangeApdu:
    """Send an APDU, answered by the card's."""

    CODE: ClassVar[Code] = (0x2C, 0x13)
    interface: CardInterface
    apdu: bytes = field(repr=False)

    def to_data(self) -> bytes:
        """Interface and APDU."""
        return bytes((self.interface,)) + self.apdu

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for an interface there is not."""
        cursor = Cursor(data)
        interface = cursor.byte()
        if interface not in set(CardInterface):
            raise FrameError(f"no interface {interface:02X}")
        return cls(CardInterface(interface), cursor.rest())


@dataclass(frozen=True, slots=True)
class GetAtr:
    """Answered by what a chip says when it gets power; failed where there is none
    (guide 80139403-002, 8.12.5)."""

    CODE: ClassVar[Code] = (0x2C, 0x12)
    interface: int = CardInterface.CONTACT
    """CONTACT, or 21 to 28 for a chip built into the reader."""

    def to_data(self) -> bytes:
        """One byte."""
        return number(self.interface, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(exactly(data, 1)[0])


@dataclass(frozen=True, slots=True)
class ContactOff(Bare):
    """Take the power from the card in the slot."""

    CODE: ClassVar[Code] = (0x2C, 0x18)


@dataclass(frozen=True, slots=True)
class Token:
    """The answer to PollForToken."""

    kind: int
    """A TokenKind, or another number."""
    uid: bytes = b""


def encode_token(token: Token) -> bytes:
    """The data of the answer."""
    return bytes((token.kind,)) + token.uid


def token_of(data: bytes) -> Token:
    """What was found; raises FrameError."""
    cursor = Cursor(data)
    return Token(cursor.byte(), cursor.rest())
