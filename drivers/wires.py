"""The kinds of wire a reader can hang on, as its protocol sees them."""

from __future__ import annotations

from enum import StrEnum

HID_REPORT_BYTES = 64
"""What both families' interrupt endpoints carry at once."""
MOST_VALUE_BYTES = 512
"""The longest attribute value of Bluetooth LE (Core 5.4, vol 3, part F, 3.2.9)."""


class WireKind(StrEnum):
    """How a wire carries bytes, which decides how a family cuts its messages."""

    STREAM = "stream"
    """Bytes in order, cut anyhow: serial ports, sockets, USB bulk endpoints."""
    HID = "hid"
    """Whole reports of HID_REPORT_BYTES: USB interrupt endpoints."""
    BLE = "ble"
    """Whole characteristic values, as long as the negotiated MTU allows."""
