"""MMS messages in 64-byte USB HID reports (manual, 2.1.2).

    00 length(1) data(62)            single: a whole message
    01 total(4)  data(59)            head of a longer one
    02 number(2) data(61)            middle, numbered from 1
    03 length(1) data(62)            tail: what is left, 62 bytes at most
    04                               cancel: forget what came of this message

Numbers are big-endian, the rest of a report is zeros; there is no report id.
"""

from __future__ import annotations

from drivers.errors import LocalError
from drivers.wires import HID_REPORT_BYTES

SINGLE = 0x00
HEAD = 0x01
MIDDLE = 0x02
TAIL = 0x03
CANCEL = 0x04

LAST_BYTES = HID_REPORT_BYTES - 2
"""What a single report or a tail carries at most."""
HEAD_BYTES = HID_REPORT_BYTES - 5
MIDDLE_BYTES = HID_REPORT_BYTES - 3
MOST_MESSAGE_BYTES = HEAD_BYTES + 0xFFFF * MIDDLE_BYTES + LAST_BYTES
"""As many as the numbers of its middles can count."""


class HidPackets:
    """Implements drivers.protocol.framing.Packets; both directions look the same."""

    def __init__(self, *, most_received_bytes: int) -> None:
        """Messages that announce more than `most_received_bytes` are skipped."""
        self._most_received_bytes = most_received_bytes
        self._total = 0
        self._partial = bytearray()
        self._middles = 0
        self._skipped_bytes = 0

    @property
    def skipped_bytes(self) -> int:
        """Bytes of refused reports and of messages that were never completed."""
        return self._skipped_bytes

    def split(self, message: bytes) -> list[bytes]:
        """The reports of `message`; LocalError where it is empty or too long."""
        if not 0 < len(message) <= MOST_MESSAGE_BYTES:
            raise LocalError(f"a message of {len(message)} bytes fits no reports")
        if len(message) <= LAST_BYTES:
            return [_report(SINGLE, len(message).to_bytes(1, "big"), message)]
        total = len(message).to_bytes(4, "big")
        reports = [_report(HEAD, total, message[:HEAD_BYTES])]
        position, number = HEAD_BYTES, 0
        while len(message) - position > LAST_BYTES:
            number += 1
            middle = message[position : position + MIDDLE_BYTES]
            reports.append(_report(MIDDLE, number.to_bytes(2, "big"), middle))
            position += MIDDLE_BYTES
        tail = message[position:]
        return [*reports, _report(TAIL, len(tail).to_bytes(1, "big"), tail)]

    def feed(self, data: bytes) -> list[bytes]:
        """The message that this report completes, if any."""
        match data[:1]:
            case b"\x00":
                return self._single(data)
            case b"\x01":
                self._head(data)
            case b"\x02":
                self._middle(data)
            case b"\x03":
                return self._tail(data)
            case b"\x04":
                self._drop()
            case _:
                self._refuse(data)
        return []

    def _single(self, report: bytes) -> list[bytes]:
        self._drop()
        message = _last(report)
        if not message:
            self._refuse(report)
            return []
        return [message]

    def _head(self, report: bytes) -> None:
        self._drop()
        total = int.from_bytes(report[1:5], "big")
        is_whole = len(report) >= HID_REPORT_BYTES
        if not is_whole or not HEAD_BYTES < total <= self._most_received_bytes:
            self._refuse(report)
            return
        self._total = total
        self._middles = 0
        self._partial += report[5 : 5 + HEAD_BYTES]

    def _middle(self, report: bytes) -> None:
        number = int.from_bytes(report[1:3], "big")
        if self._partial and number == self._middles > 0:
            self._refuse(report)  # It came twice; the message is none the worse.
            return
        is_next = len(report) >= HID_REPORT_BYTES and number == self._middles + 1
        room = self._total - len(self._partial)
        if not self._partial or not is_next or room <= MIDDLE_BYTES:
            self._drop()
            self._refuse(report)
            return
        self._middles = number
        self._partial += report[3 : 3 + MIDDLE_BYTES]

    def _tail(self, report: bytes) -> list[bytes]:
        tail = _last(report)
        if not self._partial or len(self._partial) + len(tail) != self._total:
            self._drop()
            self._refuse(report)
            return []
        message = bytes(self._partial) + tail
        self._partial.clear()
        return [message]

    def _refuse(self, report: bytes) -> None:
        self._skipped_bytes += len(report)

    def _drop(self) -> None:
        self._skipped_bytes += len(self._partial)
        self._partial.clear()


def _report(kind: int, header: bytes, data: bytes) -> bytes:
    return (bytes((kind,)) + header + data).ljust(HID_REPORT_BYTES, b"\x00")


def _last(report: bytes) -> bytes:
    """What a single report or a tail carries; nothing where it is malformed."""
    length = report[1] if len(report) > 1 else 0
    return report[2 : 2 + length] if length <= len(report) - 2 else b""
