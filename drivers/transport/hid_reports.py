"""What a HID device's report descriptor says of its reports (HID 1.11). Pure."""

from __future__ import annotations

_LONG_ITEM = 0xFE
_REPORT_ID = 0x84
_DATA_BYTES = (0, 1, 2, 4)


def has_report_ids(descriptor: bytes) -> bool:
    """Whether each report begins with its id (6.2.2.7: one Report ID item says so)."""
    position = 0
    while position < len(descriptor):
        prefix = descriptor[position]
        if prefix == _LONG_ITEM:  # 6.2.2.3: its size and tag follow
            position += 3 + (
                descriptor[position + 1] if position + 1 < len(descriptor) else 0
            )
            continue
        if prefix & 0xFC == _REPORT_ID:
            return True
        position += 1 + _DATA_BYTES[prefix & 3]
    return False
