"""Messages to the host, cut for its wire, and the ways in which this can go wrong.

Every quirk strikes one message with a chance of its own; without quirks nothing here
changes a byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drivers.protocol import slip
from drivers.protocol.framing import Packets
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.message import Message, Notification, Response
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.wires import WireKind
from simulator.errors import ControlInvalid
from simulator.reader.model import Bench

DROP_TAIL = "drop_tail"
"""The last packet of a longer message never leaves; on a stream its last byte."""
WRONG_LENGTH = "wrong_length"
"""A message announces one byte more than it has."""
REPEATED_PACKET = "repeated_packet"
"""A packet goes out twice, with the number it had."""
EARLY_NOTIFICATION = "early_notification"
"""A notification overtakes the response before it."""
MAC = "mac"
"""Card data carry a message authentication code, as DynaPro's do."""

QUIRKS = frozenset({DROP_TAIL, WRONG_LENGTH, REPEATED_PACKET, EARLY_NOTIFICATION, MAC})

_MAC_BYTES = 4
_LENGTH_AT = {WireKind.STREAM: 5, WireKind.BLE: 6}
"""Where the lowest byte of a message's length stands; in SLIP after C0 and direction."""
_HID_HEAD = 0x01


class Outbox:
    """Sends whole messages in order."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._chances: Mapping[str, float] = {}
        self._held: Response | None = None
        self._packets: Packets | None = None
        self._packet_bytes: int | None = None

    def set_quirks(self, chances: Mapping[str, float]) -> None:
        """From now on these strike; raises ControlInvalid for an unknown one."""
        unknown = sorted(chances.keys() - QUIRKS)
        if unknown:
            known = ", ".join(sorted(QUIRKS))
            raise ControlInvalid(f"no quirk {unknown[0]!r}, only {known}")
        self._chances = dict(chances)

    def restart(self) -> None:
        """Begin anew on the wire; what was held back is lost."""
        self._held = None
        self._packets = None

    def packets(self) -> Packets:
        """How messages travel now, both ways; new ones for each connection's size."""
        size = self._bench.packet_bytes()
        if self._packets is None or size != self._packet_bytes:
            self._packet_bytes = size
            self._packets = packets_for(
                self._bench.wire, packet_bytes=size, sends=slip.Direction.TO_HOST
            )
        return self._packets

    def send(self, outgoing: Message) -> None:
        """Put a message on the wire, a response perhaps after the next notification."""
        if isinstance(outgoing, Response) and self._strikes(EARLY_NOTIFICATION):
            self._held = outgoing
            return
        self._put(outgoing)
        if isinstance(outgoing, Notification):
            self.flush()

    def flush(self) -> None:
        """No notification came: a response that was held back leaves now."""
        held, self._held = self._held, None
        if held is not None:
            self._put(held)

    def mac(self) -> bytes:
        """The authentication code that card data get; empty without the quirk."""
        return self._bench.random(_MAC_BYTES) if self._strikes(MAC) else b""

    def _put(self, outgoing: Message) -> None:
        packets = list(self.packets().split(message.encode(outgoing)))
        for packet in self._spoiled(packets):
            self._bench.send(packet)

    def _spoiled(self, packets: list[bytes]) -> Sequence[bytes]:
        if self._strikes(WRONG_LENGTH):
            packets[0] = self._with_wrong_length(packets[0])
        if self._strikes(REPEATED_PACKET):
            middle = len(packets) // 2
            packets.insert(middle, packets[middle])
        if self._strikes(DROP_TAIL):
            return self._without_tail(packets)
        return packets

    def _with_wrong_length(self, packet: bytes) -> bytes:
        """One more in the lowest byte of the length, wrapping round.

        In SLIP the changed byte may become one that needs an escape: then it is noise
        of another kind, which is as good.
        """
        spoiled = bytearray(packet)
        position = _LENGTH_AT.get(self._bench.wire)
        if position is None:
            position = 4 if packet[0] == _HID_HEAD else 1
        spoiled[position] = (spoiled[position] + 1) & 0xFF
        return bytes(spoiled)

    def _without_tail(self, packets: list[bytes]) -> Sequence[bytes]:
        if self._bench.wire is WireKind.STREAM:
            return [*packets[:-1], packets[-1][:-1]]
        return packets[:-1] if len(packets) > 1 else packets

    def _strikes(self, quirk: str) -> bool:
        chance = self._chances.get(quirk, 0.0)
        # No draw where nothing can go wrong, so that a run without quirks repeats.
        return chance > 0 and int.from_bytes(self._bench.random(4), "big") < (
            chance * 2**32
        )
