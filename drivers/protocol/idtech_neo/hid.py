"""Frames in USB HID reports of 64 bytes: a report id and 63 bytes of frame.

`01` is a whole frame, `02` begins a longer one, `03` goes on with it and `04` ends it.
The last report of a frame is filled up with zeros. The same in both directions.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.errors import LocalError
from drivers.protocol.idtech_neo.frame import (
    CRC_BYTES,
    HEADER_BYTES,
    MOST_DATA_BYTES,
    frame_bytes,
)
from drivers.wires import HID_REPORT_BYTES

PAYLOAD_BYTES = HID_REPORT_BYTES - 1
MOST_FRAME_BYTES = HEADER_BYTES + MOST_DATA_BYTES + CRC_BYTES


class ReportId(IntEnum):
    """The first byte of a report: which part of a frame it carries."""

    WHOLE = 0x01
    FIRST = 0x02
    MIDDLE = 0x03
    LAST = 0x04


def split(message: bytes) -> list[bytes]:
    """The reports that carry a frame; LocalError where it is too long."""
    if len(message) > MOST_FRAME_BYTES:
        raise LocalError(f"a frame of {len(message)} bytes is too long for a reader")
    parts = [
        message[start : start + PAYLOAD_BYTES]
        for start in range(0, len(message), PAYLOAD_BYTES)
    ]
    return [
        bytes((report_id,)) + part.ljust(PAYLOAD_BYTES, b"\x00")
        for report_id, part in zip(_report_ids(len(parts)), parts, strict=True)
    ]


class Reassembler:
    """Frames out of reports; a report that fits nothing is skipped and counted."""

    def __init__(self) -> None:
        self._begun: bytearray | None = None
        self.skipped_bytes = 0
        """Bytes of reports that were no part of a frame."""

    def feed(self, report: bytes) -> list[bytes]:
        """The frame that `report` completes, if it does, for `decode` to read."""
        report_id, part = report[:1], report[1:]
        if report_id in _BEGINNINGS:
            self._drop()
            self._begun = bytearray()
        if report_id not in _PARTS or self._begun is None:
            self.skipped_bytes += len(report)
            return []
        self._begun += part
        if len(self._begun) > MOST_FRAME_BYTES + PAYLOAD_BYTES:
            self._drop()
            return []
        return self._finish() if report_id in _ENDS else []

    def _finish(self) -> list[bytes]:
        message = bytes(self._begun or b"")
        length = frame_bytes(message)
        # Too short where a report was lost; more than filler where one came twice.
        if not length <= len(message) < length + PAYLOAD_BYTES:
            self._drop()
            return []
        self._begun = None
        return [message[:length]]

    def _drop(self) -> None:
        self.skipped_bytes += len(self._begun or b"")
        self._begun = None


_BEGINNINGS = (bytes((ReportId.WHOLE,)), bytes((ReportId.FIRST,)))
_ENDS = (bytes((ReportId.WHOLE,)), bytes((ReportId.LAST,)))
_PARTS = tuple(bytes((report_id,)) for report_id in ReportId)


def _report_ids(count: int) -> list[ReportId]:
    if count == 1:
        return [ReportId.WHOLE]
    return [ReportId.FIRST, *[ReportId.MIDDLE] * (count - 2), ReportId.LAST]
