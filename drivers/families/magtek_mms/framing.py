"""MMS over whichever packets a wire has, as the link wants it."""

from __future__ import annotations

from drivers.errors import RemoteError
from drivers.protocol.framing import Answered, Noticed, Outgoing, Packets
from drivers.protocol.magtek_mms.commands import Command, to_request
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Notification,
    Response,
    decode,
    encode,
)
from drivers.protocol.magtek_mms.notifications import Notice, from_notification

Told = Notice | DataFile
"""What a device sends that answers no request; a file comes after its response."""
Incoming = Answered[Response] | Noticed[Told]


class MmsFraming:
    """Numbers requests 1 to 255 (0 is for notifications) and pairs the responses."""

    def __init__(self, packets: Packets) -> None:
        self._packets = packets
        self._reference = 0
        self._broken_bytes = 0

    @property
    def skipped_bytes(self) -> int:
        """Bytes that were no packet, or packets that held no message."""
        return self._packets.skipped_bytes + self._broken_bytes

    def send(self, request: Command) -> Outgoing:
        """The packets that carry `request`."""
        self._reference = self._reference % 0xFF + 1
        message = to_request(request, self._reference)
        token = (message.reference, message.command)
        return Outgoing(self._packets.split(encode(message)), token)

    def feed(self, data: bytes) -> list[Incoming]:
        """The responses, notifications and files that `data` completes."""
        incoming: list[Incoming] = []
        for body in self._packets.feed(data):
            incoming += self._understood(body)
        return incoming

    def _understood(self, body: bytes) -> list[Incoming]:
        try:
            match decode(body):
                case Response() as response:
                    token = (response.reference, response.command)
                    return [Answered(token, response)]
                case Notification() as notification:
                    return [Noticed(from_notification(notification))]
                case DataFile() as file:
                    return [Noticed(file)]
                case _:
                    return []
        except RemoteError:
            self._broken_bytes += len(body)
            return []
