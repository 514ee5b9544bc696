"""What a cardholder or a mishap can do to a reader, as values: for rules and requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from simulator.cards.card import Card, Entry
from simulator.reader.device import SimulatedReader
from simulator.reader.model import Tag, UpdatePlan


@dataclass(frozen=True, slots=True)
class PresentCard:
    """Insert, tap or swipe a card."""

    card: Card
    entry: Entry
    stays_s: float | None = 0.0
    """How long it stays in the slot once its chip has no more to do; None until it is
    pulled."""


@dataclass(frozen=True, slots=True)
class RemoveCard:
    """Pull the inserted card out."""


@dataclass(frozen=True, slots=True)
class PressKey:
    """Press a key of the reader."""

    key: str


@dataclass(frozen=True, slots=True)
class Touch:
    """Touch one of the screen's choices."""

    choice: str


@dataclass(frozen=True, slots=True)
class Sign:
    """Draw a signature and confirm it."""

    strokes: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class ShowBarcode:
    """Hold a code to the scanner."""

    text: str


@dataclass(frozen=True, slots=True)
class PresentTag:
    """Hold an NFC tag to the reader."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class SetBattery:
    """Charge or drain the battery."""

    percent: int


@dataclass(frozen=True, slots=True)
class SetQuirks:
    """Make the reader do things wrong by itself, each with a chance."""

    chances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanUpdate:
    """Decide how the next firmware update ends."""

    plan: UpdatePlan


@dataclass(frozen=True, slots=True)
class Unplug:
    """Pull the cable."""


@dataclass(frozen=True, slots=True)
class Plug:
    """Put the cable back."""


Gesture = Touch | Sign | ShowBarcode | PresentTag
"""What a customer answers a question with, other than by a card or a key."""
Mishap = SetBattery | SetQuirks | PlanUpdate | Unplug | Plug
"""What happens to a reader without anyone using it."""
Action = PresentCard | RemoveCard | PressKey | Gesture | Mishap


def perform(reader: SimulatedReader, action: Action) -> None:
    """Do `action` to `reader` now; raises ControlRefused or WireUnavailable."""
    match action:
        case PresentCard(card, entry, stays_s):
            reader.present_card(card, entry, stays_s=stays_s)
        case RemoveCard():
            reader.remove_card()
        case PressKey(key):
            reader.press_key(key)
        case Touch() | Sign() | ShowBarcode() | PresentTag():
            _gesture(reader, action)
        case SetBattery() | SetQuirks() | PlanUpdate() | Unplug() | Plug():
            _happen(reader, action)
        case _:
            assert_never(action)


def _gesture(reader: SimulatedReader, gesture: Gesture) -> None:
    match gesture:
        case Touch(choice):
            reader.touch(choice)
        case Sign(strokes):
            reader.sign(strokes)
        case ShowBarcode(text):
            reader.show_barcode(text.encode())
        case PresentTag(tag):
            reader.present_tag(tag)
        case _:
            assert_never(gesture)


def _happen(reader: SimulatedReader, mishap: Mishap) -> None:
    match mishap:
        case SetBattery(percent):
            reader.set_battery(percent)
        case SetQuirks(chances):
            reader.set_quirks(chances)
        case PlanUpdate(plan):
            reader.plan_update(plan)
        case Unplug():
            reader.unplug()
        case Plug():
            reader.plug()
        case _:
            assert_never(mishap)
