"""MagTek's serial packets: SLIP around direction, length and one MMS message.

`C0 direction(1) length(4, big-endian) message C0`; inside, `C0` is written `DB DC` and
`DB` is written `DB DD` (RFC 1055). There is no checksum: the length is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

END = 0xC0
ESCAPE = 0xDB
ESCAPED_END = 0xDC
ESCAPED_ESCAPE = 0xDD

CAPACITY_EXCEEDED = 0x03
HEADER_BYTES = 5
MAX_MESSAGE_BYTES = 64 * 1024


class Direction(IntEnum):
    """Where a message goes: the first byte of its packet."""

    TO_DEVICE = 0x00
    TO_HOST = 0x02


@dataclass(frozen=True, slots=True)
class MessagePacket:
    """One whole MMS message."""

    direction: Direction
    message: bytes


@dataclass(frozen=True, slots=True)
class CapacityExceeded:
    """The device's answer (first byte 03) to a message larger than it can take."""

    largest_accepted: int


SlipPacket = MessagePacket | CapacityExceeded


def encode(packet: SlipPacket) -> bytes:
    """The packet as it goes over the wire."""
    match packet:
        case MessagePacket(direction, message):
            body = bytes((direction,)) + len(message).to_bytes(4, "big") + message
        case CapacityExceeded(largest_accepted):
            body = bytes((CAPACITY_EXCEEDED,)) + largest_accepted.to_bytes(4, "big")
        case _:
            assert_never(packet)
    escaped = body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + escaped + b"\xc0"


class Decoder:
    """Packets out of a stream; skips noise and counts it, never fails."""

    def __init__(self, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        # Every byte may be escaped, hence twice the size.
        self._max_body_bytes = 2 * (HEADER_BYTES + max_message_bytes)
        self._max_message_bytes = max_message_bytes
        self._body = bytearray()
        self._is_overlong = False
        self.skipped_bytes = 0
        """Bytes dropped so far because they were no part of a packet."""

    def feed(self, data: bytes) -> list[SlipPacket]:
        """The packets that `data` completes, in order."""
        if not self._body and not self._is_overlong:
            only = _only_packet(data, self._max_message_bytes)
            if only is not None:
                return [only]
        packets: list[SlipPacket] = []
        first, *others = data.split(b"\xc0")
        self._take(first)
        for part in others:
            packet = self._finish()
            if packet is not None:
                packets.append(packet)
            self._take(part)
        return packets

    def _take(self, part: bytes) -> None:
        if self._is_overlong or len(self._body) + len(part) > self._max_body_bytes:
            self.skipped_bytes += len(self._body) + len(part)
            self._body.clear()
            self._is_overlong = True
            return
        self._body += part

    def _finish(self) -> SlipPacket | None:
        """What stood between two END bytes, unless it was nothing or noise."""
        body = bytes(self._body)
        self._body.clear()
        self._is_overlong = False
        if not body:
            return None
        packet = _parse(body, self._max_message_bytes)
        if packet is None:
            self.skipped_bytes += len(body)
        return packet


def _only_packet(data: bytes, max_message_bytes: int) -> MessagePacket | None:
    """What nearly every read is: one packet, whole, without an escaped byte."""
    length = len(data) - HEADER_BYTES - 2
    if (
        length < 0
        or data[0] != END
        or data[-1] != END
        or data[1] not in _DIRECTIONS
        or int.from_bytes(data[2 : 1 + HEADER_BYTES], "big") != length
        or length > max_message_bytes
        or data.find(END, 1) != len(data) - 1
        or ESCAPE in data
    ):
        return None
    return MessagePacket(_DIRECTIONS[data[1]], data[1 + HEADER_BYTES : -1])


def _parse(escaped: bytes, max_message_bytes: int) -> SlipPacket | None:
    body = _unescape(escaped)
    if body is None or len(body) < HEADER_BYTES:
        return None
    length = int.from_bytes(body[1:HEADER_BYTES], "big")
    message = body[HEADER_BYTES:]
    if body[0] == CAPACITY_EXCEEDED and not message:
        return CapacityExceeded(length)
    if body[0] not in _DIRECTIONS or not length == len(message) <= max_message_bytes:
        return None
    return MessagePacket(Direction(body[0]), message)


def _unescape(escaped: bytes) -> bytes | None:
    first, *others = escaped.split(b"\xdb")
    body = bytearray(first)
    for part in others:
        if not part or part[0] not in _UNESCAPED:
            return None
        body.append(_UNESCAPED[part[0]])
        body += part[1:]
    return bytes(body)


_DIRECTIONS = {int(direction): direction for direction in Direction}
_UNESCAPED = {ESCAPED_END: END, ESCAPED_ESCAPE: ESCAPE}
