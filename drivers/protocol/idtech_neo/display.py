"""Texts on a reader's display, or on the register's where the reader has none: 61-01.

The host tells a reader with a display what to show. A reader without one asks the host,
by the same layout, and hears the cardholder's choice in a 61-01 of the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from drivers.errors import FrameError, LocalError
from drivers.protocol.idtech_neo.fields import (
    Code,
    Cursor,
    exactly,
    latin,
    little_field,
    number,
)

MOST_LINES = 16
MOST_LETTERS = 64


class DisplayMode(IntEnum):
    """First byte: what a text is for."""

    CANCEL = 0x00
    """In an answer: the cardholder or the host wants none of it."""
    MENU = 0x01
    TEXT_AND_KEY = 0x02
    """Show, and wait for a function key."""
    TEXT = 0x03
    LANGUAGE_MENU = 0x08
    CLEAR = 0x10

    @property
    def wants_answer(self) -> bool:
        """Whether the cardholder is to choose something or to press a key."""
        return self in (
            DisplayMode.MENU,
            DisplayMode.TEXT_AND_KEY,
            DisplayMode.LANGUAGE_MENU,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, or a text the reader has stored."""

    number: int
    """From 1."""
    text: str = ""
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class DisplayText:
    """Lines to show. Both a command and, from a reader, a request to the host."""

    CODE: ClassVar[Code] = (0x61, 0x01)
    mode: DisplayMode
    lines: tuple[Line, ...] = ()
    timeout_s: int | None = None
    """For an answer; None where none is wanted."""
    language: str = "EN"
    backlight_s: int | None = None

    def to_data(self) -> bytes:
        """Mode and four fields, each after its length, low byte first."""
        if self.mode is DisplayMode.CLEAR:
            return bytes((self.mode,))
        return bytes((self.mode,)) + b"".join(
            map(
                little_field,
                (
                    _seconds(self.timeout_s),
                    latin(self.language, most=2),
                    b"".join(map(_encoded_line, self.lines)),
                    _seconds(self.backlight_s),
                ),
            )
        )

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The text; raises FrameError."""
        cursor = Cursor(data)
        mode = cursor.byte()
        if mode not in set(DisplayMode) - {DisplayMode.CANCEL}:
            raise FrameError(f"no display mode {mode:02X}")
        if mode == DisplayMode.CLEAR:
            return cls(DisplayMode.CLEAR)
        timeout, language = cursor.field(), cursor.field()
        lines = _decoded_lines(cursor.field())
        # A reader without light leaves the last field out.
        backlight = b"" if cursor.is_at_end else cursor.field()
        return cls(
            DisplayMode(mode),
            lines,
            timeout_s=_decoded_seconds(timeout),
            language=language.decode("latin-1"),
            backlight_s=_decoded_seconds(backlight),
        )


@dataclass(frozen=True, slots=True)
class AnswerDisplay:
    """The cardholder's choice, for a reader that asked the host to show a menu."""

    CODE: ClassVar[Code] = (0x61, 0x01)
    mode: DisplayMode
    """As asked for, or CANCEL."""
    choice: int = 0
    """The number of the line, or the key."""

    def to_data(self) -> bytes:
        """Two bytes; also how a reader with a display answers a DisplayText."""
        return bytes((self.mode,)) + number(self.choice, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The choice; raises FrameError."""
        mode, choice = exactly(data, 2)
        if mode not in set(DisplayMode):
            raise FrameError(f"no display mode {mode:02X}")
        return cls(DisplayMode(mode), choice)


@dataclass(frozen=True, slots=True)
class RefusePin:
    """Tell a reader that asked the host for a PIN that it will get none."""

    CODE: ClassVar[Code] = (0x61, 0x02)

    def to_data(self) -> bytes:
        """Mode CANCEL."""
        return b"\x00"

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for anything but a refusal."""
        if exactly(data, 1) != b"\x00":
            raise FrameError("a PIN from the host")
        return cls()


def decode_display(data: bytes) -> DisplayText | AnswerDisplay:
    """What a 61-01 of the host is; raises FrameError."""
    if len(data) == 2:
        return AnswerDisplay.from_data(data)
    return DisplayText.from_data(data)


_SEPARATOR = 0x1C
_STORED = 0x80


def _seconds(seconds: int | None) -> bytes:
    return b"" if seconds is None else number(seconds, 2)[::-1]


def _decoded_seconds(data: bytes) -> int | None:
    return int.from_bytes(data, "little") if data else None


def _encoded_line(line: Line) -> bytes:
    if not 0 < line.number <= MOST_LINES:
        raise LocalError(f"no line {line.number}")
    if line.message_id is not None:
        head = bytes((_STORED | line.number,))
        return head + number(line.message_id, 1) + bytes((_SEPARATOR,))
    text = latin(line.text, most=MOST_LETTERS)
    if _SEPARATOR in text:
        raise LocalError("a text with a separator in it")
    return bytes((line.number,)) + text + bytes((_SEPARATOR,))


def _decoded_lines(data: bytes) -> tuple[Line, ...]:
    cursor = Cursor(data)
    lines: list[Line] = []
    while not cursor.is_at_end:
        head = cursor.byte()
        if head & _STORED:
            lines.append(Line(head & ~_STORED, message_id=cursor.byte()))
            if cursor.byte() != _SEPARATOR:
                raise FrameError("a stored text without its separator")
        else:
            lines.append(Line(head, _text_before_separator(cursor)))
    return tuple(lines)


def _text_before_separator(cursor: Cursor) -> str:
    text = bytearray()
    while (byte := cursor.byte()) != _SEPARATOR:
        text.append(byte)
    return text.decode("latin-1")
