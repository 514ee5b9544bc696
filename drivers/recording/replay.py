"""A recording as a transport: a reader that says what one has said before.

For tests. Nothing waits: the reader speaks as soon as the host has said everything that
it had said by then, and in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.errors import Disconnected, LocalError
from drivers.protocol.witness import Heard, Noise, Said, Sender, Withheld, Witness
from drivers.recording.format import Ended, Passed, Recording
from drivers.transport.pipe import Inbox
from drivers.wires import WireKind


class ReplayedTransport:
    """Implements Transport; raises LocalError where the host departs from the recording."""

    def __init__(self, recording: Recording, *, witness: Witness) -> None:
        """`witness` is to be new, and of the kind that made the recording."""
        self._recording = recording
        self._witness = witness
        self._next = 0
        self._inbox = Inbox(recording.header.kind, chunk_bytes=None)
        self._closed = asyncio.Event()
        self._closed_because = ""
        self._speak()

    @property
    def spec(self) -> str:
        """As it was recorded."""
        return self._recording.header.spec

    @property
    def kind(self) -> WireKind:
        """As it was recorded."""
        return self._recording.header.kind

    @property
    def packet_bytes(self) -> int | None:
        """As it was recorded."""
        return self._recording.header.packet_bytes

    @property
    def is_over(self) -> bool:
        """Whether everything was said, but for the end."""
        rest = self._recording.entries[self._next :]
        return all(isinstance(entry, Ended) for entry in rest)

    async def read(self) -> bytes:
        """What the reader said then, when it is its turn; raises Disconnected."""
        data = await self._inbox.take()
        if data is None:
            raise Disconnected(self.spec, self._closed_because)
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Hand over what the reader says; `read` then tells of the end."""
        self._inbox.hand_to(received)

    async def write(self, data: bytes) -> None:
        """Say what was said then; raises LocalError for anything else."""
        if self._closed.is_set():
            raise Disconnected(self.spec, self._closed_because)
        for heard in self._witness.hear(Sender.HOST, data):
            self._expect(heard)
            self._speak()

    async def wait_closed(self) -> None:
        """Return when the wire was lost, as it was then, or closed."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Close it."""
        self._close("closed by this program")

    def _expect(self, heard: Heard) -> None:
        where = f"entry {self._next + 1} of the recording"
        if self._next >= len(self._recording.entries):
            raise LocalError("the host says more than in the recording")
        entry = self._recording.entries[self._next]
        if not isinstance(entry, Passed) or entry.sender is not Sender.HOST:
            raise LocalError(f"{where}: it is not the host's turn")
        if entry.heard != heard:
            raise LocalError(f"{where}: the host says something else")
        self._next += 1

    def _speak(self) -> None:
        """Everything up to the host's next word."""
        for entry in self._recording.entries[self._next :]:
            match entry:
                case Ended(_, Sender.READER, reason):
                    self._close(reason)
                    return
                case Passed(_, Sender.READER, heard):
                    self._say(heard)
                case _:
                    return
            self._next += 1

    def _say(self, heard: Heard) -> None:
        match heard:
            case Said(packets):
                for packet in packets:
                    self._inbox.put(packet)
            case Withheld(size):
                raise LocalError(
                    f"entry {self._next + 1} of the recording: {size} bytes of the "
                    "reader were withheld, so this cannot be replayed"
                )
            case Noise():
                pass

    def _close(self, reason: str) -> None:
        if not self._closed.is_set():
            self._closed_because = reason
            self._closed.set()
            self._inbox.close()
