"""One frame on the wire, in either direction, and frames out of a stream of bytes.

`"ViVOtech2" 00 command(1) code(1) length(2, big-endian) data crc(2)`. Byte 11 is the
sub-command of a command, and the status of an answer. The CRC comes low byte first from
the host and high byte first from the reader, whatever the command tables say; each side
takes both, as manuals and firmware disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drivers.errors import FrameError, LocalError
from drivers.protocol.idtech_neo.crc import crc_16

_ByteOrder = Literal["little", "big"]

MAGIC = b"ViVOtech2\x00"
HEADER_BYTES = len(MAGIC) + 4
CRC_BYTES = 2
MOST_DATA_BYTES = 4096
"""More than any reader says or takes at once; a longer frame is noise."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A command, its answer, or something the reader begins by itself."""

    command: int
    """Byte 10; an answer repeats its command's."""
    code: int
    """Byte 11: the sub-command, in an answer the status."""
    data: bytes = field(default=b"", repr=False)


def encode_command(frame: Frame) -> bytes:
    """The frame as a host sends it; raises LocalError where it does not fit."""
    return _encode(frame, crc_order="little")


def encode_answer(frame: Frame) -> bytes:
    """The frame as a reader sends it; raises LocalError where it does not fit."""
    return _encode(frame, crc_order="big")


def decode(message: bytes) -> Frame:
    """The frame that `message` is, of either side; raises FrameError."""
    if message[: len(MAGIC)] != MAGIC or len(message) < HEADER_BYTES + CRC_BYTES:
        raise FrameError(f"{len(message)} bytes that are no frame")
    if len(message) != frame_bytes(message):
        raise FrameError(f"a frame of {len(message)} bytes claims another length")
    if not has_right_crc(message):
        raise FrameError(f"a frame of {len(message)} bytes with a wrong CRC")
    return Frame(
        command=message[10], code=message[11], data=message[HEADER_BYTES:-CRC_BYTES]
    )


def frame_bytes(start: bytes | bytearray) -> int:
    """How long the frame is whose first HEADER_BYTES, or more, are `start`."""
    length = int.from_bytes(start[12:HEADER_BYTES], "big")
    return HEADER_BYTES + length + CRC_BYTES


def has_right_crc(message: bytes) -> bool:
    """Whether the last two bytes are the CRC of the others, in either order."""
    crc = crc_16(message[:-CRC_BYTES]).to_bytes(2, "big")
    return message[-CRC_BYTES:] in (crc, crc[::-1])


class Decoder:
    """Whole frames out of a stream; skips noise and counts it, never fails."""

    def __init__(self, *, most_data_bytes: int = MOST_DATA_BYTES) -> None:
        self._most_bytes = HEADER_BYTES + most_data_bytes + CRC_BYTES
        self._buffer = bytearray()
        self.skipped_bytes = 0
        """Bytes dropped so far because they were no part of a good frame."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, in order, for `decode` to read.

        One with a wrong CRC is handed out too: a reader may want to complain. Since its
        length may be what is wrong, frames are looked for inside it as well.
        """
        self._buffer += data
        messages: list[bytes] = []
        while self._skip_to_a_header():
            length = frame_bytes(self._buffer)
            if length > self._most_bytes:
                self._skip(1)
                continue
            if len(self._buffer) < length:
                break
            message = bytes(self._buffer[:length])
            messages.append(message)
            if has_right_crc(message):
                del self._buffer[:length]
            else:
                self._skip(1)
        return messages

    def resynchronise(self) -> list[bytes]:
        """Give up what was begun where nothing came for long: its length may be noise.

        What came after its header is looked at again; returns the frames in there. Not
        done unasked, or a card could forge a frame inside a longer one.
        """
        messages: list[bytes] = []
        while self._buffer:
            self._skip(1)
            messages += self.feed(b"")
        return messages

    def _skip_to_a_header(self) -> bool:
        """Drop what cannot begin a frame; whether a whole header stands there now."""
        found = self._buffer.find(MAGIC)
        if found < 0:
            found = len(self._buffer) - _begun(self._buffer)
        self._skip(found)
        return len(self._buffer) >= HEADER_BYTES

    def _skip(self, count: int) -> None:
        del self._buffer[:count]
        self.skipped_bytes += count


def _encode(frame: Frame, *, crc_order: _ByteOrder) -> bytes:
    if len(frame.data) > MOST_DATA_BYTES:
        raise LocalError(f"{len(frame.data)} bytes do not fit a frame")
    length = len(frame.data).to_bytes(2, "big")
    body = MAGIC + bytes((frame.command, frame.code)) + length + frame.data
    return body + crc_16(body).to_bytes(CRC_BYTES, crc_order)


def _begun(buffer: bytes | bytearray) -> int:
    """How many bytes at the end of `buffer` may be the beginning of MAGIC."""
    most = min(len(buffer), len(MAGIC) - 1)
    return next((n for n in range(most, 0, -1) if buffer.endswith(MAGIC[:n])), 0)
