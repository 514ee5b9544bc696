"""A driver's transport over the wire of a simulated reader, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.errors import Disconnected, TransportUnavailable
from drivers.transport.pipe import Inbox
from drivers.wires import WireKind
from simulator.errors import WireUnavailable
from simulator.reader.wires.pipe import PipeWire


class PipeTransport:
    """Implements drivers.transport.base.Transport."""

    def __init__(
        self, wire: PipeWire, *, spec: str | None = None, chunk_bytes: int | None = None
    ) -> None:
        """Opens the port; raises TransportUnavailable while the cable is out.

        `chunk_bytes` is the most that one `read` of a stream returns.
        """
        self._wire = wire
        self._spec = spec or wire.spec
        self._inbox = Inbox(wire.kind, chunk_bytes=chunk_bytes)
        self._gone = asyncio.Event()
        try:
            wire.open(self._inbox.put, closed=self._close)
        except WireUnavailable as error:
            raise TransportUnavailable(self.spec, str(error)) from error

    @property
    def spec(self) -> str:
        """As a driver would write it."""
        return self._spec

    @property
    def kind(self) -> WireKind:
        """As the cable has it."""
        return self._wire.kind

    @property
    def packet_bytes(self) -> int | None:
        """As the cable has it."""
        return self._wire.packet_bytes

    async def read(self) -> bytes:
        """At least one byte, or one packet; raises Disconnected after the last one."""
        data = await self._inbox.take()
        if data is None:
            raise Disconnected(self.spec, "the cable is out")
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """What arrives, as it arrives."""
        self._inbox.hand_to(received)

    async def write(self, data: bytes) -> None:
        """Bytes to the reader; raises Disconnected where the cable is out."""
        if self._gone.is_set():
            raise Disconnected(self.spec, "the cable is out")
        self._wire.write(data)

    async def wait_closed(self) -> None:
        """Return when the cable is out, or this end closed."""
        await self._gone.wait()

    async def aclose(self) -> None:
        """Close this end."""
        if not self._gone.is_set():
            self._wire.close()
            self._close()

    def _close(self) -> None:
        self._gone.set()
        self._inbox.close()
