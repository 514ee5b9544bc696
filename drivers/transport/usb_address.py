"""Which USB device a spec names: `usb:0801:2020:B000001?interface=1`, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

from drivers.errors import LocalError
from drivers.profile import UsbId
from drivers.transport.base import parse_spec

_ID = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::(.+))?")
_PATH = re.compile(r"\d+-\d+(\.\d+)*")
_MOST_INTERFACES = 256
_HINT = "is not like usb:0801:2020:SERIAL?interface=0, or usb:0801:2020?path=1-4.2"


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A USB device by what it is, and where several are alike, by which one it is."""

    usb_id: UsbId
    serial_number: str | None = None
    path: str | None = None
    """Bus and ports as the kernel writes them, such as `1-4.2`: for devices without a
    serial number, or with one that others have too."""
    interface: int | None = None
    """None is the first one that looks like a reader's."""


def parse_address(spec: str) -> UsbAddress:
    """What `spec` names; raises LocalError where it is no spec of a USB device."""
    parsed = parse_spec(spec)
    match = _ID.fullmatch(parsed.address)
    path = parsed.parameters.get("path")
    interface = parsed.parameters.get("interface", "0")
    if (
        match is None
        or parsed.parameters.keys() - {"path", "interface"}
        or not (path is None or _PATH.fullmatch(path))
        or not (interface.isdecimal() and int(interface) < _MOST_INTERFACES)
    ):
        raise LocalError(f"{spec!r} {_HINT}")
    return UsbAddress(
        UsbId(int(match[1], 16), int(match[2], 16)),
        serial_number=None if match[3] is None else unquote(match[3]),
        path=path,
        interface=int(interface) if "interface" in parsed.parameters else None,
    )


def spec_of(address: UsbAddress) -> str:
    """The one spec of `address`."""
    spec = f"usb:{address.usb_id.vendor_id:04x}:{address.usb_id.product_id:04x}"
    if address.serial_number is not None:
        spec += f":{quote(address.serial_number, safe=':')}"
    parameters = {"path": address.path, "interface": address.interface}
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{spec}?{urlencode(given)}" if given else spec
