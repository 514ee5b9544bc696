"""What tells MagTek's models apart, as their simulation needs it.

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
    product: str
    """As printed on the box."""
    firmware: str
    """Part number and revision."""
    entries: frozenset[Entry] = ALL_ENTRIES
    has_display: bool = True
    has_touch: bool = False
    """Hence tips, signatures and card numbers that are typed."""
    takes_pins: bool = False
    has_scanner: bool = False
    has_battery: bool = False


DYNAPROX = Description(
    name="magtek_dynaprox",
    product="DynaProx",
    firmware="1000007408-A1-SIMULATED",
)
DYNAFLEX = Description(
    name="magtek_dynaflex",
    product="DynaFlex",
    firmware="1000003354-A1-SIMULATED",
    has_touch=True,
    has_scanner=True,
    has_battery=True,
)
DYNAFLEX_II = Description(
    name="magtek_dynaflex_ii",
    product="DynaFlex II",
    firmware="1000007410-A1-SIMULATED",
    has_display=False,
    has_scanner=True,
)
DYNAFLEX_II_PED = Description(
    name="magtek_dynaflex_ii_ped",
    product="DynaFlex II PED",
    firmware="1000007411-A1-SIMULATED",
    has_touch=True,
    takes_pins=True,
    has_scanner=True,
    has_battery=True,
)
DYNAFLEX_II_GO = Description(
    name="magtek_dynaflex_ii_go",
    product="DynaFlex II Go",
    firmware="1000009142-A1-SIMULATED",
    has_display=False,
    has_scanner=True,
    has_battery=True,
)

DESCRIPTIONS = (
    DYNAPROX,
    DYNAFLEX,
    DYNAFLEX_II,
    DYNAFLEX_II_PED,
    DYNAFLEX_II_GO,
)
