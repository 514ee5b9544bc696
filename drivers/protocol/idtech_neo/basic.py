"""Commands of every reader: who it is, its modes, its lights and its beeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.idtech_neo.fields import Bare, Code, exactly, latin, number

SERIAL_NUMBER_BYTES = 15


@dataclass(frozen=True, slots=True)
class Ping(Bare):
    """Is anybody there?"""

    CODE: ClassVar[Code] = (0x18, 0x01)


@dataclass(frozen=True, slots=True)
class GetFirmwareVersion(Bare):
    """Answered by a text that names the model, as in `VP3300 BLE NEO v1.01.151`."""

    CODE: ClassVar[Code] = (0x29, 0x00)


@dataclass(frozen=True, slots=True)
class GetSerialNumber(Bare):
    """Answered by a text; not allowed on a reader that was never given one."""

    CODE: ClassVar[Code] = (0x12, 0x01)


class PollMode(IntEnum):
    """Whether the reader looks for cards by itself."""

    AUTO = 0x00
    ON_DEMAND = 0x01


@dataclass(frozen=True, slots=True)
class SetPollMode:
    """Look for cards by yourself, or when told to."""

    CODE: ClassVar[Code] = (0x01, 0x01)
    mode: PollMode

    def to_data(self) -> bytes:
        """One byte."""
        return bytes((self.mode,))

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for a mode there is not."""
        mode = exactly(data, 1)[0]
        if mode not in set(PollMode):
            raise FrameError(f"no poll mode {mode:02X}")
        return cls(PollMode(mode))


class Encryption(IntFlag):
    """Which card data a reader encrypts."""

    OFF = 0x00
    MSR = 0x01
    """Swipes, and stripe data from contactless cards."""
    EMV = 0x02


@dataclass(frozen=True, slots=True)
class GetEncryption(Bare):
    """Answered by Encryption in one byte.

    Readers that can do no other than encrypt (SRED) do not have the command.
    """

    CODE: ClassVar[Code] = (0xC7, 0x37)


@dataclass(frozen=True, slots=True)
class SetEncryption:
    """Encrypt these from now on; it cannot be taken back."""

    CODE: ClassVar[Code] = (0xC7, 0x36)
    encryption: Encryption

    def to_data(self) -> bytes:
        """One byte."""
        return bytes((self.encryption,))

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(encryption_of(data))


class Glow(IntEnum):
    """What one colour of the light does."""

    OFF = 0x00
    ON = 0x01
    BLINKING = 0x02
    """Every 500 ms."""


@dataclass(frozen=True, slots=True)
class SetLight:
    """Both colours of the front light at once."""

    CODE: ClassVar[Code] = (0x0A, 0x03)
    red: Glow
    green: Glow

    def to_data(self) -> bytes:
        """Location (front) and the colours."""
        return bytes((_FRONT, self.red, self.green))

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for a light or state there is not."""
        location, red, green = exactly(data, 3)
        if location != _FRONT or not {red, green} <= set(Glow):
            raise FrameError("no such light")
        return cls(red=Glow(red), green=Glow(green))


@dataclass(frozen=True, slots=True)
class BeepShort:
    """So many short beeps."""

    CODE: ClassVar[Code] = (0x0B, 0x01)
    count: int

    def to_data(self) -> bytes:
        """One byte."""
        return number(self.count, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(exactly(data, 1)[0])


@dataclass(frozen=True, slots=True)
class BeepLong:
    """One beep of 200, 400, 600 or 800 ms."""

    CODE: ClassVar[Code] = (0x0B, 0x02)
    length: int
    """0 to 3; see LONG_BEEPS_MS."""

    def to_data(self) -> bytes:
        """One byte."""
        return number(self.length, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for a length there is not."""
        length = exactly(data, 1)[0]
        if length >= len(LONG_BEEPS_MS):
            raise FrameError(f"no beep of length {length:02X}")
        return cls(length)


LONG_BEEPS_MS = (200, 400, 600, 800)


@dataclass(frozen=True, slots=True)
class GetBluetoothName(Bare):
    """Answered by the name it advertises."""

    CODE: ClassVar[Code] = (0x77, 0x82)


@dataclass(frozen=True, slots=True)
class GetBluetoothInfo(Bare):
    """Answered by the make of its radio; 01 is a Microchip BM71."""

    CODE: ClassVar[Code] = (0x77, 0x83)


def encode_text(text: str, *, length: int = 0) -> bytes:
    """A text as an answer, filled up with zeros to at least `length`."""
    return latin(text, most=0xFF).ljust(length, b"\x00")


def text_of(data: bytes) -> str:
    """The text of an answer, without filler; hex where it is no text."""
    text = data.rstrip(b"\x00")
    if all(0x20 <= byte < 0x7F for byte in text):
        return text.decode("ascii").strip()
    return data.hex().upper()


def encode_encryption(encryption: Encryption) -> bytes:
    """The answer to GetEncryption."""
    return bytes((encryption,))


def encryption_of(data: bytes) -> Encryption:
    """What the reader encrypts; raises FrameError."""
    return Encryption(exactly(data, 1)[0] & (Encryption.MSR | Encryption.EMV))


_FRONT = 0x01
