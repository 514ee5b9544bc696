"""How a reader shows itself on a wire before a single message: names, numbers, UUIDs.

A serial port tells nothing of it; USB and Bluetooth LE tell what they need.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GattIdentity:
    """What a reader offers on Bluetooth LE; UUIDs in lower case."""

    name: str
    """As advertised, without the serial number."""
    service: str
    write: str
    """The characteristic that the host writes to."""
    notify: str
    """The characteristic that notifies the host."""
    most_value_bytes: int


@dataclass(frozen=True, slots=True)
class Identity:
    """One reader as its wire presents it; it may be another after a restart."""

    manufacturer: str
    product: str
    serial_number: str
    vendor_id: int
    product_id: int
    gatt: GattIdentity | None = None
    """None where it has no radio."""
