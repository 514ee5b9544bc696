"""A driver's transport over the wire of a simulated reader, in memory."""

from __future__ import annotations

import asyncio

from drivers.errors import Disconnected, TransportUnavailable
from simulator.errors import WireUnavailable
from simulator.reader.wires.pipe import PipeWire


class PipeTransport:
    """Implements drivers.transport.base.Transport."""

    def __init__(self, wire: PipeWire) -> None:
        """Opens the port; raises TransportUnavailable while the cable is out."""
        self._wire = wire
        self._received = bytearray()
        self._readable = asyncio.Event()
        self._gone = asyncio.Event()
        try:
            wire.open(self._take, closed=self._close)
        except WireUnavailable as error:
            raise TransportUnavailable(self.spec, str(error)) from error

    @property
    def spec(self) -> str:
        """As a driver would write it."""
        return self._wire.spec

    async def read(self) -> bytes:
        """At least one byte; raises Disconnected after the last one."""
        await self._readable.wait()
        if not self._received:
            raise Disconnected(self.spec, "the cable is out")
        data = bytes(self._received)
        self._received.clear()
        if not self._gone.is_set():
            self._readable.clear()
        return data

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
        self._wire.close()
        self._close()

    def _take(self, data: bytes) -> None:
        self._received += data
        self._readable.set()

    def _close(self) -> None:
        self._gone.set()
        self._readable.set()
