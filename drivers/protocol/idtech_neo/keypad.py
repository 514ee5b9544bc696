"""What a cardholder types: 62-xx, and card numbers by 83-41 (manual, 8.24).

62-01 to 62-04 are answered twice: at once, and when the cardholder is done. In between
only 62-00 is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.idtech_neo.fields import (
    Bare,
    Code,
    Cursor,
    exactly,
    latin,
    number,
)

MOST_LETTERS = 16
MOST_DIGITS = 16
MOST_AMOUNT_DIGITS = 15
TIMEOUT_S = 180
"""The reader's own, which no command changes."""


@dataclass(frozen=True, slots=True)
class CancelKeypad(Bare):
    """Stop asking; the second answer still comes."""

    CODE: ClassVar[Code] = (0x62, 0x00)


@dataclass(frozen=True, slots=True)
class GetPin:
    """The PIN of the card that was read last, under the reader's DUKPT key.

    A reader also takes a PAN with this command; this project never sends one.
    """

    CODE: ClassVar[Code] = (0x62, 0x01)
    most_digits: int
    least_digits: int
    message: str = ""

    def to_data(self) -> bytes:
        """Kind (DUKPT, the reader's own PAN), no PAN, digits, message."""
        message = latin(self.message, most=MOST_LETTERS)
        digits = number(self.most_digits, 1) + number(self.least_digits, 1)
        return bytes((_OWN_PAN_DUKPT, 0)) + digits + number(len(message), 1) + message

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for one with a PAN."""
        cursor = Cursor(data)
        if cursor.byte() != _OWN_PAN_DUKPT or cursor.byte() != 0:
            raise FrameError("a PIN for a card that the reader did not read")
        most, least = cursor.byte(), cursor.byte()
        message = cursor.take(cursor.byte()).decode("latin-1")
        exactly(cursor.rest(), 0)
        return cls(most, least, message)


@dataclass(frozen=True, slots=True)
class GetFunctionKey(Bare):
    """One key: B (back), C (cancel), E (enter), `*`, `#`, F1 to F4."""

    CODE: ClassVar[Code] = (0x62, 0x02)


@dataclass(frozen=True, slots=True)
class GetNumber:
    """Digits that are no PIN."""

    CODE: ClassVar[Code] = (0x62, 0x03)
    most_digits: int
    least_digits: int
    message: str
    is_hidden: bool = False

    def to_data(self) -> bytes:
        """Flag, digits, message."""
        message = latin(self.message, most=MOST_LETTERS)
        digits = number(self.most_digits, 1) + number(self.least_digits, 1)
        return bytes((self.is_hidden,)) + digits + message

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for impossible numbers of digits."""
        hidden, most, least, message = _prompt(data, most_digits=MOST_DIGITS)
        return cls(most, least, message, is_hidden=hidden)


@dataclass(frozen=True, slots=True)
class GetAmount:
    """An amount, which the reader shows with two decimals."""

    CODE: ClassVar[Code] = (0x62, 0x04)
    most_digits: int
    least_digits: int
    message: str

    def to_data(self) -> bytes:
        """A reserved byte, digits, message."""
        message = latin(self.message, most=MOST_LETTERS)
        digits = number(self.most_digits, 1) + number(self.least_digits, 1)
        return b"\x00" + digits + message

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for impossible numbers of digits."""
        _, most, least, message = _prompt(data, most_digits=MOST_AMOUNT_DIGITS)
        return cls(most, least, message)


class CardFields(IntFlag):
    """What 83-41 asks the cardholder for."""

    PAN = 0x0100
    SECURITY_CODE = 0x0200
    EXPIRY = 0x0400
    POSTCODE = 0x1000
    CHECK_DIGIT = 0x2000
    """Refuse a PAN that is mistyped."""


@dataclass(frozen=True, slots=True)
class GetCard:
    """A card number typed at the reader, which encrypts it like a swipe."""

    CODE: ClassVar[Code] = (0x83, 0x41)
    timeout_s: int
    fields: CardFields

    def to_data(self) -> bytes:
        """Timeout and flags, two bytes each."""
        return number(self.timeout_s, 2) + number(self.fields, 2)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        cursor = Cursor(exactly(data, 4))
        return cls(cursor.big(2), CardFields(cursor.big(2) & 0x3700))


@dataclass(frozen=True, slots=True)
class Typed:
    """The second answer: a state and, where that is OK, what was typed."""

    state: int
    """A KeypadState, or another number."""
    value: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class TypedPin:
    """The value of the second answer to GetPin."""

    ksn: bytes
    block: bytes = field(repr=False)


def encode_typed(typed: Typed) -> bytes:
    """The data of a second answer."""
    return bytes((typed.state,)) + typed.value


def typed_of(data: bytes) -> Typed:
    """The state and value in a second answer; raises FrameError for none."""
    cursor = Cursor(data)
    return Typed(cursor.byte(), cursor.rest())


def encode_digits(digits: str) -> bytes:
    """Digits as 62-03 and 62-04 give them: 16 letters, filled up with F."""
    return latin(digits, most=MOST_DIGITS).ljust(MOST_DIGITS, b"F")


def digits_of(value: bytes) -> str:
    """The digits typed; raises FrameError for anything else."""
    digits = value.rstrip(b"F")
    if not digits.isdigit():
        raise FrameError("a number that is not made of digits")
    return digits.decode("ascii")


def encode_pin(pin: TypedPin) -> bytes:
    """KSN and PIN block, both as hex letters."""
    return (pin.ksn.hex() + pin.block.hex()).upper().encode("ascii")


def pin_of(value: bytes) -> TypedPin:
    """The encrypted PIN; raises FrameError."""
    for ksn, block in ((20, 16), (24, 32)):  # TDES and AES
        if len(value) == ksn + block:
            return TypedPin(_unhex(value[:ksn]), _unhex(value[ksn:]))
    raise FrameError(f"a PIN block and KSN of {len(value)} letters")


_OWN_PAN_DUKPT = 0x01


def _prompt(data: bytes, *, most_digits: int) -> tuple[bool, int, int, str]:
    cursor = Cursor(data)
    flag, most, least = cursor.byte(), cursor.byte(), cursor.byte()
    if not 1 <= least <= most <= most_digits:
        raise FrameError(f"{least} to {most} digits")
    message = cursor.rest()
    if len(message) > MOST_LETTERS:
        raise FrameError(f"a message of {len(message)} letters")
    return flag != 0, most, least, message.decode("latin-1")


def _unhex(letters: bytes) -> bytes:
    try:
        return bytes.fromhex(letters.decode("ascii"))
    except ValueError:
        raise FrameError("hex letters that are none") from None
