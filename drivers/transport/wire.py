"""A transport over any of asyncio's byte transports: serial ports and sockets alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from drivers.errors import Disconnected
from drivers.wires import WireKind

READ_BUFFER_BYTES = 256 * 1024
"""A reader that sends faster than it is read is held back beyond this."""


class Wire(asyncio.Protocol):
    """The event loop feeds it; `read` and `write` wait on what the loop fed."""

    def __init__(self, spec: str, *, lost_because: str) -> None:
        """`lost_because` is what to tell people when the other side goes away."""
        self._spec = spec
        self._lost_because = lost_because
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._receiver: Callable[[bytes], None] | None = None
        self._is_held_back = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def spec(self) -> str:
        """The spec string it was opened by."""
        return self._spec

    @property
    def kind(self) -> WireKind:
        """A stream."""
        return WireKind.STREAM

    @property
    def packet_bytes(self) -> int | None:
        """None: a stream has no packets."""
        return None

    async def read(self) -> bytes:
        """At least one byte; raises Disconnected after the last one."""
        await self._readable.wait()
        if not self._received:
            raise self._disconnected()
        data = bytes(self._received)
        self._received.clear()
        if not self._closed.is_set():
            self._readable.clear()
            self._resume_reading()
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Hand over what arrives as it arrives; `read` then tells of the end."""
        self._receiver = received
        if self._received:
            data = bytes(self._received)
            self._received.clear()
            received(data)
        if not self._closed.is_set():
            self._readable.clear()
            self._resume_reading()

    async def write(self, data: bytes) -> None:
        """Hand `data` to the wire, waiting while it is congested."""
        if self._transport is None or self._closed.is_set():
            raise self._disconnected()
        self._transport.write(data)
        if self._writable.is_set():
            return
        await self._writable.wait()
        if self._closed.is_set():
            raise self._disconnected()

    async def wait_closed(self) -> None:
        """Return when the wire is gone."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Give the port back; what was not sent yet is dropped."""
        if self._transport is None or self._closed.is_set():
            return
        if not self._transport.is_closing():
            self._lost_because = "closed by this program"
            self._transport.abort()
        await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop when the port is open."""
        self._transport = cast(asyncio.Transport, transport)
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with bytes from the reader."""
        if self._receiver is not None:
            self._receiver(data)
            return
        self._received += data
        self._readable.set()
        is_flooded = len(self._received) > READ_BUFFER_BYTES
        if is_flooded and not self._is_held_back and self._transport is not None:
            self._is_held_back = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Called by the event loop when the wire is congested."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Called by the event loop when the wire takes bytes again."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop, once, when the port is closed or gone."""
        self._closed.set()
        self._readable.set()
        self._writable.set()

    def _resume_reading(self) -> None:
        if self._is_held_back and self._transport is not None:
            self._is_held_back = False
            self._transport.resume_reading()

    def _disconnected(self) -> Disconnected:
        return Disconnected(self._spec, self._lost_because)
