"""What tells ID TECH's models apart, as their simulation needs it.

The firmware profiles say the same in the drivers' words; a test compares them. This is
no profile, since reading one takes a fifth of the time in which the simulator starts.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.cards.card import Entry

ALL_ENTRIES = frozenset(Entry)


@dataclass(frozen=True, slots=True)
class Description:
    """One model."""

    name: str
    """The profile's name."""
    firmware: str
    """The answer to 29-00."""
    entries: frozenset[Entry] = ALL_ENTRIES
    has_display: bool = False
    """With buttons to touch, and keys."""
    is_mobile: bool = False
    """With Bluetooth and a battery."""
    always_encrypts: bool = False
    """A secure reader (SRED): it does not even have the commands C7-xx."""
    is_neo_2: bool = True
    """The older platform cannot list its keys."""

    @property
    def product(self) -> str:
        """As printed on the box, and as it calls itself on Bluetooth."""
        return self.firmware.split(" NEO")[0].split(" FW")[0]


VP3300 = Description(
    name="idtech_vp3300",
    firmware="VP3300 NEO v1.01.151",
    is_mobile=True,
    is_neo_2=False,
)
VP3350 = Description(
    name="idtech_vp3350",
    firmware="VP3350 FW v1.00.068",
    is_mobile=True,
)
VP5300 = Description(
    name="idtech_vp5300",
    firmware="VP5300 FW v1.00.038",
    always_encrypts=True,
)
VP6800 = Description(
    name="idtech_vp6800",
    firmware="VP6800 FW v1.00.028",
    has_display=True,
    always_encrypts=True,
)
VP8800 = Description(
    name="idtech_vp8800",
    firmware="VP8800 NEO v1.00.072",
    has_display=True,
    always_encrypts=True,
    is_neo_2=False,
)
KIOSK_III = Description(
    name="idtech_kiosk_iii",
    firmware="Kiosk III NEO v1.01.059",
    entries=frozenset({Entry.CONTACTLESS}),
    is_neo_2=False,
)
KIOSK_V = Description(
    name="idtech_kiosk_v",
    firmware="Kiosk V FW v1.00.034",
    entries=frozenset({Entry.CONTACTLESS}),
)

DESCRIPTIONS = (VP3300, VP3350, VP5300, VP6800, VP8800, KIOSK_III, KIOSK_V)
