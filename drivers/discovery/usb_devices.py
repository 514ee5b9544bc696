"""USB readers that are plugged in now, and the boot loaders of readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from drivers.discovery.candidates import Candidate
from drivers.discovery.usb_ids import UsbIds, known_usb_ids, usb_candidate
from drivers.transport.usb_address import UsbAddress

if TYPE_CHECKING:
    from drivers.transport.usb_listing import ListedDevice


def discover_usb(ids: UsbIds | None = None) -> list[Candidate]:
    """Devices with a USB id of `ids`, without it of the profiles that ship.

    Nothing where the machine has no USB, or no libusb. Takes some milliseconds: call it
    from a thread.
    """
    # Loaded on use: not every machine has a reader on USB, or libusb.
    from usb.core import NoBackendError, USBError

    ids = known_usb_ids() if ids is None else ids
    try:
        found = list(_listed(ids))
    except (NoBackendError, USBError):
        return []
    alike = Counter(address.serial_number for address, _ in found)
    candidates = (
        usb_candidate(_telling(address, alike), ids=ids, product=product)
        for address, product in found
    )
    return [candidate for candidate in candidates if candidate is not None]


def _listed(ids: UsbIds) -> Iterator[tuple[UsbAddress, str | None]]:
    """Every device with all that is known of its place, and its product's name."""
    from drivers.transport.usb_listing import listed_devices

    for device in listed_devices({*ids.readers, *ids.boot_loaders}):
        serial_number, product = _text(device, "serial"), _text(device, "product")
        device.release()
        yield UsbAddress(device.usb_id, serial_number, device.path), product


def _text(device: ListedDevice, name: str) -> str | None:
    from usb.core import USBError

    try:
        return device.text(name)
    except (USBError, NotImplementedError):
        return None  # it may not be asked, or has just gone


def _telling(address: UsbAddress, alike: Counter[str | None]) -> UsbAddress:
    """What it is named by: its serial number, if it is its own, or else its place."""
    if address.serial_number is not None and alike[address.serial_number] == 1:
        return UsbAddress(address.usb_id, address.serial_number)
    return UsbAddress(address.usb_id, path=address.path)
