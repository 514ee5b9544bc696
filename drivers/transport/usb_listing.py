"""USB devices of this machine, as libusb and sysfs list them. Blocks for milliseconds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import usb.core
import usb.util

from drivers.profile import UsbId

SYSFS = Path("/sys/bus/usb/devices")
_ENGLISH = 0x0409


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device that is plugged in; nobody has opened it to stay."""

    usb_id: UsbId
    path: str | None
    """Bus and ports, such as `1-4.2`."""
    handle: usb.core.Device

    def text(self, name: str) -> str | None:
        """Its `serial` number or `product`, where it has one.

        From the kernel, which has asked every device and tells everyone; without one
        that keeps it, from the device. Raises USBError where that may not be asked.
        """
        folder = _sysfs_folder(self)
        if folder is None:
            return _asked(self.handle, name)
        try:
            return (folder / name).read_text(errors="replace").strip() or None
        except OSError:
            return None

    def release(self) -> None:
        """Let go of it, where asking has opened it."""
        usb.util.dispose_resources(self.handle)


def listed_devices(usb_ids: Collection[UsbId]) -> Iterator[ListedDevice]:
    """Devices with one of these ids; raises NoBackendError without libusb."""
    for device in usb.core.find(find_all=True):
        usb_id = UsbId(device.idVendor, device.idProduct)
        if usb_id in usb_ids:
            yield ListedDevice(usb_id, _path(device), device)


def _path(device: usb.core.Device) -> str | None:
    if not device.port_numbers:
        return None
    return f"{device.bus}-{'.'.join(map(str, device.port_numbers))}"


def _sysfs_folder(device: ListedDevice) -> Path | None:
    if device.path is None:
        return None
    folder = SYSFS / device.path
    with suppress(OSError, ValueError):
        # Another device may have come to this port meanwhile.
        if int((folder / "devnum").read_text()) == device.handle.address:
            return folder
    return None


def _asked(device: usb.core.Device, name: str) -> str | None:
    index = device.iSerialNumber if name == "serial" else device.iProduct
    text: str | None = usb.util.get_string(device, index, _ENGLISH)
    return (text or "").strip("\0 ") or None
