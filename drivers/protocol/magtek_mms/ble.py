"""MMS messages in values of a Bluetooth LE characteristic (manual, 2.1.3).

    message(1) 00 00 total(4) data       the first of a message
    message(1) part(1)        data       the others: parts 1 to FF, then 1 again

`message` counts messages from 00 to FF and round again, in each direction by itself.
"""

from __future__ import annotations

from drivers.errors import LocalError

MOST_VALUE_BYTES = 244
"""What a reader takes in one value, however long the MTU lets it be."""
FIRST_HEADER_BYTES = 7
NEXT_HEADER_BYTES = 2
LAST_PART = 0xFF
_FIRST_HEADER = b"\x00\x00"
"""Part 00, and a control byte that is always 00."""


class BlePackets:
    """Implements drivers.protocol.framing.Packets; both directions look the same."""

    def __init__(
        self,
        *,
        most_received_bytes: int,
        most_sent_bytes: int,
        packet_bytes: int = MOST_VALUE_BYTES,
    ) -> None:
        """`packet_bytes` is the longest value the connection carries.

        Messages that announce more than `most_received_bytes` are skipped.
        """
        if packet_bytes <= FIRST_HEADER_BYTES:
            raise LocalError(f"values of {packet_bytes} bytes have no room for data")
        self._packet_bytes = min(packet_bytes, MOST_VALUE_BYTES)
        self._most_sent_bytes = most_sent_bytes
        self._most_received_bytes = most_received_bytes
        self._next_message = 0
        self._first = b""
        """The value that began the last message, to know it when it comes again."""
        self._partial = bytearray()
        self._total = 0
        self._part = 0
        self._skipped_bytes = 0

    @property
    def skipped_bytes(self) -> int:
        """Bytes of refused values and of messages that were never completed."""
        return self._skipped_bytes

    def split(self, message: bytes) -> list[bytes]:
        """The values of `message`; LocalError where it is empty or too long."""
        if not 0 < len(message) <= self._most_sent_bytes:
            raise LocalError(f"a message of {len(message)} bytes fits no values")
        number = bytes((self._next_message,))
        self._next_message = (self._next_message + 1) % 0x100
        position = self._packet_bytes - FIRST_HEADER_BYTES
        header = number + _FIRST_HEADER + len(message).to_bytes(4, "big")
        values = [header + message[:position]]
        part = 0
        while position < len(message):
            part = _after(part)
            end = position + self._packet_bytes - NEXT_HEADER_BYTES
            values.append(number + bytes((part,)) + message[position:end])
            position = end
        return values

    def feed(self, data: bytes) -> list[bytes]:
        """The message that this value completes, if any."""
        if data[1:2] == b"\x00":
            return self._begin(data)
        return self._continue(data)

    def _begin(self, value: bytes) -> list[bytes]:
        if value == self._first:
            self._refuse(value)  # It came twice; its message goes on, or is complete.
            return []
        self._drop()
        total = int.from_bytes(value[3:FIRST_HEADER_BYTES], "big")
        body = value[FIRST_HEADER_BYTES:]
        is_known = value[1:3] == _FIRST_HEADER
        if not is_known or not len(body) <= total <= self._most_received_bytes:
            self._refuse(value)
            return []
        self._first = value
        self._total, self._part = total, 0
        return self._take(body)

    def _continue(self, value: bytes) -> list[bytes]:
        if not self._partial or len(value) <= NEXT_HEADER_BYTES:
            self._refuse(value)
            return []
        is_same = value[0] == self._first[0]
        body = value[NEXT_HEADER_BYTES:]
        if is_same and value[1] == self._part:
            self._refuse(value)
            return []
        is_next = is_same and value[1] == _after(self._part)
        if not is_next or len(self._partial) + len(body) > self._total:
            self._drop()
            self._refuse(value)
            return []
        self._part = value[1]
        return self._take(body)

    def _take(self, body: bytes) -> list[bytes]:
        self._partial += body
        if not body or len(self._partial) < self._total:
            return []
        message = bytes(self._partial)
        self._partial.clear()
        return [message]

    def _refuse(self, value: bytes) -> None:
        self._skipped_bytes += len(value)

    def _drop(self) -> None:
        self._skipped_bytes += len(self._partial)
        self._partial.clear()


def _after(part: int) -> int:
    return part % LAST_PART + 1
