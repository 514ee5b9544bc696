"""NEO frames over whichever packets a wire has, as the link wants it.

The protocol numbers nothing: an answer repeats its command's first byte and no more.
Answers that come when a card or a customer is done are notices here.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import FrameError
from drivers.protocol.framing import Answered, Noticed, Outgoing
from drivers.protocol.idtech_neo import events
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    StartContact,
)
from drivers.protocol.idtech_neo.commands import Command, to_frame
from drivers.protocol.idtech_neo.display import AnswerDisplay, DisplayText, RefusePin
from drivers.protocol.idtech_neo.events import Event, Unrecognised
from drivers.protocol.idtech_neo.frame import (
    HEADER_BYTES,
    Frame,
    decode,
    encode_command,
)
from drivers.protocol.idtech_neo.keypad import (
    GetAmount,
    GetCard,
    GetFunctionKey,
    GetNumber,
    GetPin,
)
from drivers.protocol.idtech_neo.packets import NeoPackets

AnsweredLater = (
    ActivateTransaction
    | StartContact
    | AuthenticateContact
    | ApplyHostResponse
    | GetPin
    | GetFunctionKey
    | GetNumber
    | GetAmount
    | GetCard
    | DisplayText
)
"""What is answered when a card or a customer is done; a DisplayText if it is a menu."""
DISPLAY = DisplayText.CODE[0]
TOUCHED = 0xFF


@dataclass(frozen=True, slots=True)
class Late:
    """The answer to a command that is answered later, or one nobody awaits any more."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Garbled:
    """A frame that lost its content on the way, of this command as far as can be known."""

    command: int


Notice = Late | Garbled | Event
Incoming = Answered[Frame] | Noticed[Notice]


class NeoFraming:
    """Pairs answers with commands by byte 10, since only one is ever pending."""

    def __init__(self, packets: NeoPackets) -> None:
        self._packets = packets
        self._number = 0
        self._awaited: int | None = None
        self._later: int | None = None
        self._found: list[bytes] = []
        self._broken_bytes = 0

    @property
    def skipped_bytes(self) -> int:
        """Bytes that were no frame, or frames that held nothing known."""
        return self._packets.skipped_bytes + self._broken_bytes

    def send(self, request: Command) -> Outgoing:
        """The packets that carry `request`."""
        frame = to_frame(request)
        self._number += 1
        if isinstance(request, AnsweredLater) and not is_answered_at_once(request):
            self._later = frame.command
        elif not isinstance(request, AnswerDisplay | RefusePin):
            self._awaited = frame.command
        return Outgoing(self._packets.split(encode_command(frame)), self._number)

    def feed(self, data: bytes) -> list[Incoming]:
        """The answers and notices that `data` completes."""
        messages = [*self._found, *self._packets.feed(data)]
        self._found.clear()
        return [
            incoming
            for message in messages
            if (incoming := self._understood(message)) is not None
        ]

    def resynchronise(self) -> None:
        """Expect no more of half a frame; what it hid is told with the next bytes."""
        self._found += self._packets.resynchronise()

    def _understood(self, message: bytes) -> Incoming | None:
        try:
            frame = decode(message)
            return self._answered(frame) or self._noticed(frame)
        except FrameError:
            self._broken_bytes += len(message)
            is_headed = len(message) >= HEADER_BYTES
            return Noticed(Garbled(message[10])) if is_headed else None

    def _answered(self, frame: Frame) -> Incoming | None:
        if frame.command != self._awaited or _is_touch(frame):
            return None
        self._awaited = None
        return Answered(self._number, frame)

    def _noticed(self, frame: Frame) -> Incoming:
        if frame.command == self._later and not _is_touch(frame):
            return Noticed(Late(frame))
        event = events.from_frame(frame)
        return Noticed(Late(frame) if isinstance(event, Unrecognised) else event)


def is_answered_at_once(command: AnsweredLater) -> bool:
    """Whether a text that wants no answer of the customer is shown."""
    return isinstance(command, DisplayText) and not command.mode.wants_answer


def _is_touch(frame: Frame) -> bool:
    return (frame.command, frame.code) == (DISPLAY, TOUCHED)
