"""What a reader begins by itself: frames with a sub-command where answers have a status.

While a transaction is pending every 61-xx is one of these. What a request for a PIN
says of the card is dropped unread: it may be a PAN in the clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from drivers.protocol.idtech_neo.basic import encode_text, text_of
from drivers.protocol.idtech_neo.display import DisplayText
from drivers.protocol.idtech_neo.fields import Cursor
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.screens import ObjectTouched


@dataclass(frozen=True, slots=True)
class DisplayRequested:
    """61-01: show this to the cardholder, and answer where the mode wants it."""

    text: DisplayText


@dataclass(frozen=True, slots=True)
class PinRequested:
    """61-02: the card wants a PIN and the reader has no keypad."""

    mode: int
    """01 and 02 for the issuer, 03 for the card."""


@dataclass(frozen=True, slots=True)
class SwipeRequested:
    """61-03: the reader has no stripe head and hopes for another's."""


@dataclass(frozen=True, slots=True)
class Booted:
    """14-01: the reader has started, and forgotten what it did."""

    platform: str


@dataclass(frozen=True, slots=True)
class WokeUp:
    """F1-00: the reader had gone to sleep."""


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A frame that no table names and nobody asked for, kept whole."""

    frame: Frame


Event = (
    DisplayRequested
    | PinRequested
    | SwipeRequested
    | ObjectTouched
    | Booted
    | WokeUp
    | Unrecognised
)


def to_frame(event: Event) -> Frame:
    """The frame that carries `event`; LocalError for a value out of its range."""
    match event:
        case DisplayRequested(text):
            return Frame(0x61, 0x01, text.to_data())
        case PinRequested(mode):
            return Frame(0x61, 0x02, bytes((mode,)))
        case SwipeRequested():
            return Frame(0x61, 0x03)
        case ObjectTouched():
            return Frame(0x61, 0xFF, event.to_data())
        case Booted(platform):
            return Frame(0x14, 0x01, encode_text(platform))
        case WokeUp():
            return Frame(0xF1, 0x00)
        case Unrecognised(frame):
            return frame
        case _:
            assert_never(event)


def from_frame(frame: Frame) -> Event:
    """What `frame` tells; raises FrameError for a broken one."""
    match (frame.command, frame.code):
        case (0x61, 0x01):
            return DisplayRequested(DisplayText.from_data(frame.data))
        case (0x61, 0x02):
            return PinRequested(Cursor(frame.data).byte())
        case (0x61, 0x03):
            return SwipeRequested()
        case (0x61, 0xFF):
            return ObjectTouched.from_data(frame.data)
        case (0x14, 0x01):
            return Booted(text_of(frame.data))
        case (0xF1, 0x00):
            return WokeUp()
        case _:
            return Unrecognised(frame)
