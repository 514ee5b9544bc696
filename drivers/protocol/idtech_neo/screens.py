"""Screens of readers with a graphical display, by name: 61-05 to 61-0A (manual, 19.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.idtech_neo.fields import (
    Code,
    Cursor,
    ended,
    exactly,
    number,
)

MOST_NAME_LETTERS = 32
MOST_TEXT_LETTERS = 64


class ObjectKind(IntEnum):
    """What can be put on a screen."""

    TEXT = 0x00
    LARGE_BUTTON = 0x01
    MEDIUM_BUTTON = 0x02
    INVISIBLE_BUTTON = 0x03
    LIGHTS = 0x06
    PICTURE = 0x08
    """A file that the reader has stored."""
    VIDEO = 0x09


class Alignment(IntEnum):
    """Where an object goes."""

    MIDDLE_OF_ROW = 0x00
    AT_POINT = 0x01
    CENTRE = 0x02
    LEFT_OF_ROW = 0x03
    RIGHT_OF_ROW = 0x04


@dataclass(frozen=True, slots=True)
class CreateScreen:
    """A new screen without anything on it."""

    CODE: ClassVar[Code] = (0x61, 0x0A)
    screen: str

    def to_data(self) -> bytes:
        """The name."""
        return _name(self.screen)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(_only_name(data))


@dataclass(frozen=True, slots=True)
class ShowScreen:
    """Show a screen with all that was added to it."""

    CODE: ClassVar[Code] = (0x61, 0x05)
    screen: str

    def to_data(self) -> bytes:
        """The name."""
        return _name(self.screen)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(_only_name(data))


@dataclass(frozen=True, slots=True)
class RemoveObject:
    """Take an object off a screen, from when it is shown next."""

    CODE: ClassVar[Code] = (0x61, 0x09)
    screen: str
    name: str

    def to_data(self) -> bytes:
        """Both names."""
        return _name(self.screen) + _name(self.name)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        cursor = Cursor(data)
        command = cls(cursor.text(), cursor.text())
        exactly(cursor.rest(), 0)
        return command


@dataclass(frozen=True, slots=True)
class AddObject:
    """Put an object on a screen, from when it is shown next."""

    CODE: ClassVar[Code] = (0x61, 0x07)
    screen: str
    name: str
    kind: ObjectKind
    alignment: Alignment = Alignment.CENTRE
    x: int = 0
    y: int = 0
    text: str | None = None
    """A label, or the name of a stored file."""
    lights: bytes = b""
    """For LIGHTS: the number of each, from the left."""

    def to_data(self) -> bytes:
        """Names, kind, alignment, position with low bytes first, lights or text."""
        position = number(self.x, 2)[::-1] + number(self.y, 2)[::-1]
        text = b"" if self.text is None else ended(self.text, most=MOST_TEXT_LETTERS)
        kind = bytes((self.kind, self.alignment))
        names = _name(self.screen) + _name(self.name)
        return names + kind + position + self.lights + text

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        cursor = Cursor(data)
        screen, name = cursor.text(), cursor.text()
        kind, alignment = cursor.byte(), cursor.byte()
        if kind not in set(ObjectKind) or alignment not in set(Alignment):
            raise FrameError(f"no object of kind {kind:02X} at {alignment:02X}")
        x, y = cursor.little(2), cursor.little(2)
        lights = cursor.rest() if kind == ObjectKind.LIGHTS else b""
        text = None if cursor.is_at_end else cursor.text()
        exactly(cursor.rest(), 0)
        return cls(
            screen,
            name,
            ObjectKind(kind),
            Alignment(alignment),
            x=x,
            y=y,
            text=text,
            lights=lights,
        )


@dataclass(frozen=True, slots=True)
class ObjectTouched:
    """61-FF of a reader: the customer touched a button."""

    screen_id: int
    object_id: int
    screen: str
    name: str

    def to_data(self) -> bytes:
        """Ids and names."""
        ids = number(self.screen_id, 2) + number(self.object_id, 2)
        return ids + _name(self.screen) + _name(self.name)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The event; raises FrameError."""
        cursor = Cursor(data)
        return cls(cursor.big(2), cursor.big(2), cursor.text(), cursor.text())


def _name(name: str) -> bytes:
    return ended(name, most=MOST_NAME_LETTERS)


def _only_name(data: bytes) -> str:
    cursor = Cursor(data)
    name = cursor.text()
    exactly(cursor.rest(), 0)
    return name
