"""A NEO reader within reach of hands: what a cardholder or a mishap does to it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from drivers.protocol.idtech_neo.events import Booted
from drivers.protocol.idtech_neo.frame import Frame
from simulator.cards.card import Card, Entry
from simulator.emv.card_keys import AesReadKeys
from simulator.errors import ControlRefused
from simulator.reader.model import Bench, Stroke, Tag, UpdatePlan
from simulator.reader.models.idtech_neo.activity import Activity
from simulator.reader.models.idtech_neo.console import Console, Memory, Settings
from simulator.reader.models.idtech_neo.description import Description
from simulator.reader.models.idtech_neo.desk import Desk
from simulator.reader.models.idtech_neo.line import Line
from simulator.reader.models.idtech_neo.panel import Panel
from simulator.reader.models.idtech_neo.quirks import PIN_PAD, QUIRKS, Quirks
from simulator.reader.models.idtech_neo.typing_jobs import KEYS

_AES_KEY_SET = bytes.fromhex("12345679")


class NeoReader:
    """Implements `simulator.reader.model.Model` for every model of the family."""

    def __init__(self, description: Description, bench: Bench) -> None:
        self._description = description
        quirks = Quirks(bench.random)
        self._console = Console(
            bench,
            description,
            line=Line(bench, quirks, self._take),
            panel=Panel(bench, has_display=description.has_display),
            quirks=quirks,
            settings=Settings(),
            memory=Memory(),
            aes_keys=AesReadKeys(_first_aes_ksn(bench.serial_number)),
        )
        self._desk = Desk(self._console)

    @property
    def name(self) -> str:
        """The profile's name."""
        return self._description.name

    @property
    def product_id(self) -> int | None:
        """Always the profile's."""
        return None

    @property
    def texts(self) -> frozenset[str] | None:
        """Any text that its host may think of, or none where it has no display."""
        return None if self._description.has_display else frozenset()

    @property
    def keys(self) -> frozenset[str]:
        """Those of its keypad, or of the PIN pad beside it."""
        has_keys = self._description.has_display or self._console.quirks.has(PIN_PAD)
        return KEYS if has_keys else frozenset()

    @property
    def quirks(self) -> frozenset[str]:
        """What it can be told to do wrong."""
        return QUIRKS

    @property
    def has_card_left_in(self) -> bool:
        """Whether a card is in the slot whose chip has no more to do."""
        return self._desk.has_card_left_in

    def power_on(self) -> None:
        """Start up and say so."""
        self._console.line.restart()
        self._console.panel.welcome()
        self._console.line.tell(Booted(self._description.product))

    def power_off(self) -> None:
        """Lose everything but the settings, without a word to the host."""
        self._desk.clear()
        self._console.memory.last_card = None
        self._console.line.restart()
        self._console.panel.go_dark()

    def receive(self, data: bytes) -> None:
        """Bytes from the host."""
        self._console.line.receive(data)

    def present_card(self, card: Card, entry: Entry) -> None:
        """Give it a card; raises ControlRefused unless one is awaited, in this way.

        In auto-poll every tap is taken, and kept for the host to ask for.
        """
        if entry is Entry.CONTACTLESS:
            self._desk.poll()
        self._hand("no transaction is running on the reader").present_card(card, entry)

    def remove_card(self) -> None:
        """Pull the inserted card; raises ControlRefused where there is none."""
        self._desk.remove_card()

    def press_key(self, key: str) -> None:
        """Press a key; raises ControlRefused where there is none or it does nothing."""
        if key not in self.keys:
            raise ControlRefused(f"the reader has no key {key!r}")
        self._hand(f"the key {key!r} does nothing now").press_key(key)

    def touch(self, choice: str) -> None:
        """Touch a line of a menu or a button of a screen; raises ControlRefused."""
        if self._desk.busy is not None:
            self._desk.busy.touch(choice)
        else:
            self._desk.screens.touch(choice)

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """How a host would ask for a signature is not published."""
        raise ControlRefused("the reader asks for no signature")

    def show_barcode(self, data: bytes) -> None:
        """It has no scanner."""
        raise ControlRefused("the reader has no barcode scanner")

    def present_tag(self, tag: Tag) -> None:
        """Hold a tag to it; raises ControlRefused unless the host looks for one."""
        self._hand("the reader looks for no tag now").present_tag(tag)

    def set_battery(self, percent: int) -> None:
        """When empty it starts no transaction; raises ControlRefused without one."""
        if not self._description.is_mobile:
            raise ControlRefused("the reader has no battery")
        self._desk.battery_percent = percent

    def set_quirks(self, chances: Mapping[str, float]) -> None:
        """From now on these strike; raises ControlInvalid for an unknown one."""
        self._console.quirks.set(chances)

    def plan_update(self, plan: UpdatePlan) -> None:
        """Its firmware is loaded with its vendor's tool alone."""
        raise ControlRefused("the reader takes no firmware this way")

    def _take(self, frame: Frame) -> None:
        self._desk.take(frame)

    def _hand(self, otherwise: str) -> Activity:
        """What a deed is about; raises ControlRefused where it is about nothing."""
        busy = self._desk.busy
        if busy is None:
            raise ControlRefused(otherwise)
        return busy


def _first_aes_ksn(serial_number: str) -> bytes:
    """Every reader has keys of its own, the same whenever it is made."""
    device = zlib.crc32(serial_number.encode()).to_bytes(4, "big")
    return _AES_KEY_SET + device + (1).to_bytes(4, "big")
