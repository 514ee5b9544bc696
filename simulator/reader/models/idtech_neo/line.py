"""The reader's end of its wire: commands in, answers and events out, and their quirks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.errors import FrameError
from drivers.protocol.idtech_neo import display, events
from drivers.protocol.idtech_neo.frame import Frame, decode, encode_answer
from drivers.protocol.idtech_neo.hid import PAYLOAD_BYTES, ReportId
from drivers.protocol.idtech_neo.packets import NeoPackets, packets_for
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.wires import WireKind
from simulator.reader.alarm import Alarm
from simulator.reader.model import Bench
from simulator.reader.models.idtech_neo.quirks import (
    SILENT_ON_CRC_ERROR,
    STRAY_REPORT,
    STRAY_TEXT,
    WRONG_CRC,
    Quirks,
)

_STRAY = events.DisplayRequested(
    display.DisplayText(display.DisplayMode.TEXT, (display.Line(1, "PLEASE WAIT"),))
)
_GAP_S = 0.2
"""After so long a silence the rest of a frame does not come any more."""
_SMALLEST_VALUE_BYTES = 20
"""What a Bluetooth value carries before anyone has asked for more."""
_COMMAND_AT = 10


class Line:
    """Says what it is told to say; knows no command by its meaning."""

    def __init__(
        self, bench: Bench, quirks: Quirks, take: Callable[[Frame], None]
    ) -> None:
        """`take` gets every good command."""
        self._bench = bench
        self._quirks = quirks
        self._take = take
        self._gap = Alarm(bench.later)
        self._received = self._packets()

    def restart(self) -> None:
        """Begin anew on the wire; half a frame is lost."""
        self._gap.stop()
        self._received = self._packets()

    def receive(self, data: bytes) -> None:
        """Bytes from the host; broken commands are answered here."""
        messages = self._received.feed(data)
        if messages:
            self._gap.stop()
        else:
            self._gap.set(_GAP_S, self._give_up_half_a_frame)
        self._hand_on(messages)

    def answer(self, command: int, status: int, data: bytes = b"") -> None:
        """Answer a command."""
        if self._quirks.strikes(STRAY_TEXT):
            self.tell(_STRAY)
        self._send(Frame(command, status, data))

    def tell(self, event: events.Event) -> None:
        """Say something unasked."""
        self._send(events.to_frame(event))

    def _packets(self) -> NeoPackets:
        size = self._bench.packet_bytes() or _SMALLEST_VALUE_BYTES
        return packets_for(self._bench.wire, packet_bytes=size)

    def _give_up_half_a_frame(self) -> None:
        self._hand_on(self._received.resynchronise())

    def _hand_on(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            try:
                frame = decode(message)
            except FrameError:
                if not self._quirks.strikes(SILENT_ON_CRC_ERROR):
                    self.answer(message[_COMMAND_AT], StatusCode.CRC_ERROR)
            else:
                self._take(frame)

    def _send(self, frame: Frame) -> None:
        message = encode_answer(frame)
        if self._quirks.strikes(WRONG_CRC):
            message = message[:-1] + bytes((message[-1] ^ 0xFF,))
        if self._bench.wire is WireKind.HID and self._quirks.strikes(STRAY_REPORT):
            self._bench.send(bytes((ReportId.MIDDLE,)) + bytes(PAYLOAD_BYTES))
        # A Bluetooth value may have grown since the host connected.
        for packet in self._packets().split(message):
            self._bench.send(packet)
