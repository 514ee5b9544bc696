"""MMS messages on each kind of wire: SLIP on streams, HID reports, BLE values."""

from __future__ import annotations

from drivers.errors import LocalError
from drivers.protocol import slip
from drivers.protocol.framing import Packets
from drivers.protocol.magtek_mms.ble import MOST_VALUE_BYTES, BlePackets
from drivers.protocol.magtek_mms.hid import MOST_MESSAGE_BYTES, HidPackets
from drivers.wires import WireKind

MOST_BYTES = {
    slip.Direction.TO_DEVICE: MOST_MESSAGE_BYTES,
    slip.Direction.TO_HOST: slip.MAX_MESSAGE_BYTES,
}
"""The longest message that goes there: a firmware image, or a file of a reader."""
PIECE_BYTES = 4096
"""How a long message is cut on a stream, so that its sender sees it move."""


def packets_for(
    kind: WireKind, *, packet_bytes: int | None, sends: slip.Direction
) -> Packets:
    """How messages travel on a wire of this kind, for the side that sends there.

    `packet_bytes` is the wire's own, of use on Bluetooth LE only. Raises LocalError
    where a packet of that size has no room for data.
    """
    most_sent_bytes = MOST_BYTES[sends]
    most_received_bytes = MOST_BYTES[_other(sends)]
    match kind:
        case WireKind.STREAM:
            return SlipPackets(sends)
        case WireKind.HID:
            return HidPackets(most_received_bytes=most_received_bytes)
        case WireKind.BLE:
            return BlePackets(
                most_received_bytes=most_received_bytes,
                most_sent_bytes=most_sent_bytes,
                packet_bytes=packet_bytes or MOST_VALUE_BYTES,
            )


class SlipPackets:
    """Implements drivers.protocol.framing.Packets for one end of a serial line."""

    def __init__(self, sends: slip.Direction) -> None:
        self._sends = sends
        self._most_sent_bytes = MOST_BYTES[sends]
        self._decoder = slip.Decoder(max_message_bytes=MOST_BYTES[_other(sends)])

    @property
    def skipped_bytes(self) -> int:
        """Bytes that were no packet."""
        return self._decoder.skipped_bytes

    def split(self, message: bytes) -> list[bytes]:
        """The one packet of `message`, in pieces where it is long.

        LocalError where it is longer than the other side has said that it takes.
        """
        if len(message) > self._most_sent_bytes:
            raise LocalError(
                f"{len(message)} bytes to a side that takes {self._most_sent_bytes}"
            )
        packet = slip.encode(slip.MessagePacket(self._sends, message))
        starts = range(0, len(packet), PIECE_BYTES)
        return [packet[start : start + PIECE_BYTES] for start in starts]

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes; an echo of our own is none."""
        messages: list[bytes] = []
        for packet in self._decoder.feed(data):
            match packet:
                case slip.MessagePacket(direction, message):
                    if direction is not self._sends:
                        messages.append(message)
                case slip.CapacityExceeded(largest_accepted):
                    self._most_sent_bytes = largest_accepted
        return messages


def _other(direction: slip.Direction) -> slip.Direction:
    if direction is slip.Direction.TO_DEVICE:
        return slip.Direction.TO_HOST
    return slip.Direction.TO_DEVICE
