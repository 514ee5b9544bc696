"""Taking the data of frames apart: bytes, texts and numbers, checked for length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from drivers.errors import FrameError, LocalError

Code = tuple[int, int]
"""Command and sub-command: bytes 10 and 11 of a frame from the host."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A command without data; each kind names its own CODE."""

    CODE: ClassVar[Code]

    def to_data(self) -> bytes:
        """Nothing."""
        return b""

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError where there are data."""
        exactly(data, 0)
        return cls()


class Cursor:
    """Reads data from front to back; raises FrameError where they end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        part = self._data[self._position : self._position + count]
        if len(part) < count:
            raise FrameError(f"the data end {count - len(part)} bytes too early")
        self._position += count
        return part

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def big(self, count: int) -> int:
        """A number of `count` bytes, high byte first."""
        return int.from_bytes(self.take(count), "big")

    def little(self, count: int) -> int:
        """A number of `count` bytes, low byte first."""
        return int.from_bytes(self.take(count), "little")

    def field(self) -> bytes:
        """A field after its length, which is two bytes, low byte first."""
        return self.take(self.little(2))

    def text(self) -> str:
        """A text up to the zero that ends it."""
        end = self._data.find(0, self._position)
        if end < 0:
            raise FrameError("a text without its end")
        text = self.take(end - self._position)
        self.take(1)
        return text.decode("latin-1")

    def rest(self) -> bytes:
        """What is left."""
        return self.take(len(self._data) - self._position)

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self._position == len(self._data)


def exactly(data: bytes, count: int) -> bytes:
    """`data`, which must have this length; raises FrameError."""
    if len(data) != count:
        raise FrameError(f"{len(data)} bytes of data instead of {count}")
    return data


def number(value: int, count: int) -> bytes:
    """A number in `count` bytes, high byte first; LocalError where it does not fit."""
    if not 0 <= value < 1 << 8 * count:
        raise LocalError(f"{value} does not fit {count} bytes")
    return value.to_bytes(count, "big")


def little_field(data: bytes) -> bytes:
    """`data` after its length, which is two bytes, low byte first."""
    return number(len(data), 2)[::-1] + data


def latin(text: str, *, most: int) -> bytes:
    """A text for a display; LocalError where it is too long or not Latin."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        raise LocalError(f"{text!r} has letters no reader can show") from None
    if len(data) > most:
        raise LocalError(f"{text!r} is longer than {most} letters")
    return data


def ended(text: str, *, most: int) -> bytes:
    """A text and the zero that ends it; LocalError where it does not fit."""
    data = latin(text, most=most)
    if 0 in data:
        raise LocalError(f"{text!r} has a zero in it")
    return data + b"\x00"
