"""The seam between a simulated reader and the family it imitates.

A model turns bytes from the host and deeds of the cardholder into bytes for the host
and a screen. It never blocks and never reads a clock; what it may use is its Bench.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from drivers.features import Tone
from drivers.wires import WireKind
from simulator.cards.card import Card, Entry
from simulator.clock import Timer
from simulator.emv.kernel import Kernel
from simulator.emv.pin_keys import PinKeys
from simulator.emv.sealing import ReadKeys
from simulator.faults import Random
from simulator.reader.screen import Screen


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the reader takes; short by default, so that tests are quick."""

    read_s: float = 0.0
    """From the card to its cryptogram."""
    online_s: float = 60.0
    """How long a reader that is not told the issuer's answer says it is awaited."""
    result_s: float = 3.0
    """How long the outcome stays on the screen."""
    restart_s: float = 1.0
    """How long it is off the wire when it restarts with other firmware."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a model may use of the world."""

    send: Callable[[bytes], None]
    """Bytes, or exactly one packet, to the host."""
    wire: WireKind
    """Decides how messages are cut."""
    packet_bytes: Callable[[], int | None]
    """The most that one packet carries now; None on a stream."""
    show: Callable[[Screen], None]
    later: Callable[[float, Callable[[], None]], Timer]
    """Call back after so many seconds."""
    play: Callable[[Sequence[Tone]], None]
    """Make sounds, for whoever listens."""
    restart: Callable[[float | None], None]
    """Drop off the wire once the present step is done; power on again after so many
    seconds, or with None only when someone puts the cable in anew."""
    card_numbered: Callable[[str], Card | None]
    """The virtual card whose number was typed; None for all other numbers."""
    random: Random
    kernel: Kernel
    keys: ReadKeys
    pin_keys: PinKeys
    serial_number: str
    timing: Timing


Stroke = Sequence[tuple[int, int]]
"""Where the pen went, from down to up: x and y from the top left."""


@dataclass(frozen=True, slots=True)
class Tag:
    """An NFC tag that is no payment card."""

    uid: bytes
    kind: str = "mifare_ultralight"


class UpdateEnd(StrEnum):
    """How a firmware update ends."""

    DONE = "done"
    POWER_LOST = "power_lost"
    """In the middle of loading; it restarts with the firmware it had."""
    OLD_VERSION = "old_version"
    """It restarts with the firmware it had, and says that all went well."""
    KEYS_ERASED = "keys_erased"
    """It restarts with the new firmware, and without its keys."""
    NEVER_RETURNS = "never_returns"
    BOOT_LOADER = "boot_loader"
    """It comes back as its boot loader, which takes no payment."""


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """What will become of the next firmware update."""

    end: UpdateEnd
    after_packets: int = 1
    """When the power goes: so many packets, or bytes of a stream, after the beginning."""


class Model(Protocol):
    """One reader of a family; made switched off."""

    @property
    def name(self) -> str:
        """The profile's name, such as `magtek_dynaprox`."""
        ...

    @property
    def product_id(self) -> int | None:
        """Its USB product id when it is plugged in next; None is the profile's."""
        ...

    @property
    def texts(self) -> frozenset[str] | None:
        """Every text it can show, apart from amounts: what rules may wait for.

        None where its host words them.
        """
        ...

    @property
    def keys(self) -> frozenset[str]:
        """The keys the cardholder may press."""
        ...

    @property
    def quirks(self) -> frozenset[str]:
        """The faults of its own that it can be given, beyond those of any wire."""
        ...

    @property
    def has_card_left_in(self) -> bool:
        """Whether a card is in the slot whose chip has no more to do."""
        ...

    def power_on(self) -> None:
        """Start up."""
        ...

    def power_off(self) -> None:
        """Lose everything that was under way, without a word to the host."""
        ...

    def receive(self, data: bytes) -> None:
        """Bytes from the host, cut anyhow; noise is survived."""
        ...

    def present_card(self, card: Card, entry: Entry) -> None:
        """Give the reader a card; raises ControlRefused if it does not want it now."""
        ...

    def remove_card(self) -> None:
        """Pull the card out; raises ControlRefused if there is none."""
        ...

    def press_key(self, key: str) -> None:
        """Press one of `keys`; raises ControlRefused if that does nothing now."""
        ...

    def touch(self, choice: str) -> None:
        """Touch one of the screen's choices; raises ControlRefused if it has it not."""
        ...

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Draw and confirm; raises ControlRefused unless a signature is awaited."""
        ...

    def show_barcode(self, data: bytes) -> None:
        """Hold a code to the scanner; raises ControlRefused unless it scans."""
        ...

    def present_tag(self, tag: Tag) -> None:
        """Hold an NFC tag to the reader; raises ControlRefused unless it looks."""
        ...

    def set_battery(self, percent: int) -> None:
        """Charge or drain the battery; raises ControlRefused if there is none."""
        ...

    def set_quirks(self, chances: Mapping[str, float]) -> None:
        """From now on each of these `quirks` strikes a message with this chance.

        Raises ControlInvalid for one it does not know.
        """
        ...

    def plan_update(self, plan: UpdatePlan) -> None:
        """Let the next firmware update end so; raises ControlRefused if it takes none."""
        ...
