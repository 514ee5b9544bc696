"""What listeners hear when a reader's connection goes from one phase to another. Pure."""

from __future__ import annotations

from agent.events import (
    Event,
    ReaderDisconnected,
    ReaderQuarantined,
    ReaderReconnectFailed,
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
)
from agent.ids import ReaderId
from agent.readers.reconnect import DisconnectReason, Phase


def announcements(
    reader_id: ReaderId,
    before: Phase,
    after: Phase,
    *,
    reason: DisconnectReason,
    quarantine_s: float,
) -> list[Event]:
    """The events of this step, as the Terminal SDKs call their reader's delegate.

    `reason` is why the connection was lost. Where reconnecting fails, its end is told
    too.
    """
    match before, after:
        case Phase.CONNECTED, Phase.RECONNECTING:
            return [ReaderReconnectStarted(reader_id, reason)]
        case Phase.RECONNECTING, Phase.CONNECTED:
            return [ReaderReconnectSucceeded(reader_id)]
        case Phase.RECONNECTING, Phase.UNREACHABLE | Phase.DISCONNECTED:
            return [
                ReaderReconnectFailed(reader_id),
                ReaderDisconnected(reader_id, reason),
            ]
        case Phase.CONNECTED, Phase.QUARANTINED:
            return [
                ReaderDisconnected(reader_id, reason),
                ReaderQuarantined(reader_id, quarantine_s),
            ]
        case Phase.CONNECTED, Phase.UNREACHABLE | Phase.DISCONNECTED:
            return [ReaderDisconnected(reader_id, reason)]
        case _:
            return []
