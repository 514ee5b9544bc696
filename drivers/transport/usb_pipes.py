"""Which of a device's interfaces is the reader's, and its endpoints."""

from __future__ import annotations

from dataclasses import dataclass

import usb.core
import usb.util

from drivers.wires import HID_REPORT_BYTES, WireKind

_HID, _CDC_DATA, _VENDOR = 0x03, 0x0A, 0xFF
_PACKET_BYTES_MASK = 0x7FF


@dataclass(frozen=True, slots=True)
class Pipes:
    """One interface, and how bytes go through it."""

    interface: int
    kind: WireKind
    incoming: int
    incoming_bytes: int
    """What to read at once."""
    outgoing: int | None
    """None is the control pipe."""


def pipes_of(configuration: usb.core.Configuration, wanted: int | None) -> Pipes | None:
    """Those of interface number `wanted`, or of the first that looks like a reader's.

    Reports are preferred to a stream.
    """
    usable = [
        pipes
        for interface in configuration
        if interface.bAlternateSetting == 0
        and wanted in (None, interface.bInterfaceNumber)
        and (wanted is not None or _looks_like_a_readers(interface))
        and (pipes := _pipes(interface)) is not None
    ]
    return min(usable, key=lambda pipes: pipes.kind is not WireKind.HID, default=None)


def _looks_like_a_readers(interface: usb.core.Interface) -> bool:
    if interface.bInterfaceClass == _HID:
        # A boot protocol makes it a keyboard or a mouse, such as scanners bring along.
        return bool(interface.bInterfaceProtocol == 0)
    return interface.bInterfaceClass in (_CDC_DATA, _VENDOR)


def _pipes(interface: usb.core.Interface) -> Pipes | None:
    is_hid = interface.bInterfaceClass == _HID
    transfer = usb.util.ENDPOINT_TYPE_INTR if is_hid else usb.util.ENDPOINT_TYPE_BULK
    usable = [
        endpoint
        for endpoint in interface
        if usb.util.endpoint_type(endpoint.bmAttributes) == transfer
    ]
    both_ways = [
        next((each for each in usable if _direction(each) == direction), None)
        for direction in (usb.util.ENDPOINT_IN, usb.util.ENDPOINT_OUT)
    ]
    incoming, outgoing = both_ways
    if incoming is None or (outgoing is None and not is_hid):
        return None
    return Pipes(
        interface.bInterfaceNumber,
        WireKind.HID if is_hid else WireKind.STREAM,
        incoming.bEndpointAddress,
        # Of a stream one packet: a longer read would wait for more of them.
        HID_REPORT_BYTES if is_hid else incoming.wMaxPacketSize & _PACKET_BYTES_MASK,
        None if outgoing is None else outgoing.bEndpointAddress,
    )


def _direction(endpoint: usb.core.Endpoint) -> int:
    return int(usb.util.endpoint_direction(endpoint.bEndpointAddress))
