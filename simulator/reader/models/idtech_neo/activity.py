"""What a NEO reader can be busy with: one thing at a time, within reach of hands."""

from __future__ import annotations

from drivers.protocol.idtech_neo.commands import Command
from simulator.cards.card import Card, Entry
from simulator.errors import ControlRefused
from simulator.reader.alarm import Alarm
from simulator.reader.model import Tag
from simulator.reader.models.idtech_neo.console import Console, Reply


class Activity:
    """Refuses all hands; a kind of activity overrides what it has a use for."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.alarm = Alarm(console.bench.later)
        self.is_over = False
        self.card_inside: Card | None = None
        """What is in the slot for it, and stays there when it is over."""

    @property
    def is_pending(self) -> bool:
        """Whether the host waits for an answer that comes when it is over."""
        return not self.is_over

    def begin(self) -> None:
        """Go on, right after the command for it was answered."""
        raise NotImplementedError

    def takes(self, command: Command) -> bool:
        """Whether `command` concerns it, and is for `take`."""
        return False

    def take(self, command: Command) -> Reply | None:
        """The answer to a command that concerns it; None where it comes later."""
        raise NotImplementedError

    def cancel(self) -> None:
        """The host gives up; what is pending is answered."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Stop without a word."""
        self.is_over = True
        self.alarm.stop()

    def present_card(self, card: Card, entry: Entry) -> None:
        """A card comes; raises ControlRefused unless one is awaited, in this way."""
        raise ControlRefused("the reader waits for no card")

    def remove_card(self) -> None:
        """The inserted card goes; raises ControlRefused where none is inserted."""
        raise ControlRefused("no card is in the reader")

    def press_key(self, key: str) -> None:
        """A key is pressed; raises ControlRefused where it does nothing."""
        raise ControlRefused(f"the key {key!r} does nothing now")

    def touch(self, choice: str) -> None:
        """A choice on the screen is touched; raises ControlRefused."""
        raise ControlRefused(f"there is nothing to touch that reads {choice!r}")

    def present_tag(self, tag: Tag) -> None:
        """An NFC tag is held to the reader; raises ControlRefused unless it looks."""
        raise ControlRefused("the reader looks for no tag now")
