"""MMS over MagTek's serial packets, as the link wants it."""

from __future__ import annotations

from drivers.errors import RemoteError
from drivers.protocol import slip
from drivers.protocol.framing import Answered, Noticed, Outgoing
from drivers.protocol.magtek_mms.commands import Command, to_request
from drivers.protocol.magtek_mms.message import (
    Notification,
    Response,
    decode,
    encode,
)
from drivers.protocol.magtek_mms.notifications import Notice, from_notification

Incoming = Answered[Response] | Noticed[Notice]


class SerialFraming:
    """Numbers requests 1 to 255 (0 is for notifications) and pairs the responses."""

    def __init__(self) -> None:
        self._decoder = slip.Decoder()
        self._reference = 0
        self._broken_bytes = 0

    @property
    def skipped_bytes(self) -> int:
        """Bytes that were no packet, or packets that held no message."""
        return self._decoder.skipped_bytes + self._broken_bytes

    def send(self, request: Command) -> Outgoing:
        """The packet that carries `request`."""
        self._reference = self._reference % 0xFF + 1
        message = to_request(request, self._reference)
        packet = slip.MessagePacket(slip.Direction.TO_DEVICE, encode(message))
        token = (message.reference, message.command)
        return Outgoing((slip.encode(packet),), token)

    def feed(self, data: bytes) -> list[Incoming]:
        """The responses and notifications that `data` completes."""
        incoming: list[Incoming] = []
        for packet in self._decoder.feed(data):
            match packet:
                case slip.MessagePacket(slip.Direction.TO_HOST, body):
                    incoming += self._understood(body)
                case _:
                    # Our own echo, or a complaint about a message larger than any
                    # that is sent here.
                    continue
        return incoming

    def _understood(self, body: bytes) -> list[Incoming]:
        try:
            match decode(body):
                case Response() as response:
                    token = (response.reference, response.command)
                    return [Answered(token, response)]
                case Notification() as notification:
                    return [Noticed(from_notification(notification))]
                case _:
                    return []
        except RemoteError:
            self._broken_bytes += len(body)
            return []
