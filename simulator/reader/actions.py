"""What a cardholder or a mishap can do to a reader, as values: for rules and requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from simulator.cards.card import Card, Entry
from simulator.reader.device import SimulatedReader


@dataclass(frozen=True, slots=True)
class PresentCard:
    """Insert, tap or swipe a card."""

    card: Card
    entry: Entry


@dataclass(frozen=True, slots=True)
class RemoveCard:
    """Pull the inserted card out."""


@dataclass(frozen=True, slots=True)
class PressKey:
    """Press a key of the reader."""

    key: str


@dataclass(frozen=True, slots=True)
class SetBattery:
    """Charge or drain the battery."""

    percent: int


@dataclass(frozen=True, slots=True)
class Unplug:
    """Pull the cable."""


@dataclass(frozen=True, slots=True)
class Plug:
    """Put the cable back."""


Action = PresentCard | RemoveCard | PressKey | SetBattery | Unplug | Plug


def perform(reader: SimulatedReader, action: Action) -> None:
    """Do `action` to `reader` now; raises ControlRefused or WireUnavailable."""
    match action:
        case PresentCard(card, entry):
            reader.present_card(card, entry)
        case RemoveCard():
            reader.remove_card()
        case PressKey(key):
            reader.press_key(key)
        case SetBattery(percent):
            reader.set_battery(percent)
        case Unplug():
            reader.unplug()
        case Plug():
            reader.plug()
        case _:
            assert_never(action)
