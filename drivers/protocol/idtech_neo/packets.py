"""How frames travel on each kind of wire; the same in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, assert_never

from drivers.errors import LocalError
from drivers.protocol.framing import Packets
from drivers.protocol.idtech_neo import hid
from drivers.protocol.idtech_neo.frame import Decoder
from drivers.wires import WireKind


class NeoPackets(Packets, Protocol):
    """Packets that can also give up on half a frame."""

    def resynchronise(self) -> Sequence[bytes]:
        """Expect no more of a frame of which nothing came for long.

        Returns whole frames found in what had come.
        """
        ...


def packets_for(kind: WireKind, *, packet_bytes: int | None = None) -> NeoPackets:
    """The packets of a wire; raises LocalError for a Bluetooth wire without a size."""
    match kind:
        case WireKind.STREAM:
            return StreamPackets(packet_bytes=None)
        case WireKind.BLE:
            # Bluetooth readers have a serial stream inside, cut into values anyhow.
            if not packet_bytes:
                raise LocalError("a Bluetooth wire must say how long its values are")
            return StreamPackets(packet_bytes=packet_bytes)
        case WireKind.HID:
            return HidPackets()
        case _:
            assert_never(kind)


class StreamPackets:
    """Implements NeoPackets for bytes in order, in pieces of `packet_bytes`."""

    def __init__(self, *, packet_bytes: int | None) -> None:
        self._packet_bytes = packet_bytes
        self._decoder = Decoder()

    @property
    def skipped_bytes(self) -> int:
        """Bytes received so far that were no part of a good frame."""
        return self._decoder.skipped_bytes

    def split(self, message: bytes) -> Sequence[bytes]:
        """The pieces that carry `message`."""
        size = self._packet_bytes or len(message)
        return [message[start : start + size] for start in range(0, len(message), size)]

    def feed(self, data: bytes) -> Sequence[bytes]:
        """The frames that `data` completes, those with a wrong CRC as well."""
        return self._decoder.feed(data)

    def resynchronise(self) -> Sequence[bytes]:
        """Give up half a frame, and return whole ones found inside it."""
        return self._decoder.resynchronise()


class HidPackets:
    """Implements NeoPackets for USB reports."""

    def __init__(self) -> None:
        self._reassembler = hid.Reassembler()

    @property
    def skipped_bytes(self) -> int:
        """Bytes of reports received so far that were no part of a frame."""
        return self._reassembler.skipped_bytes

    def split(self, message: bytes) -> Sequence[bytes]:
        """The reports that carry `message`; LocalError where it is too long."""
        return hid.split(message)

    def feed(self, data: bytes) -> Sequence[bytes]:
        """The frame that this report completes, with a right CRC or without."""
        return self._reassembler.feed(data)

    def resynchronise(self) -> Sequence[bytes]:
        """Nothing to do: a report says by itself where a frame begins."""
        return ()
