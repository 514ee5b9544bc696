"""USB devices: `usb:0801:2020:SERIAL`, through pyusb and libusb, opened exclusively.

pyusb waits where it is called, so an open device has two threads of its own: one reads
and owns the device, one writes. Both live exactly as long as it is open.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from drivers.errors import (
    Disconnected,
    LocalError,
    TransportError,
    TransportUnavailable,
)
from drivers.transport.base import Transport
from drivers.transport.pipe import Inbox
from drivers.transport.usb_port import PortLost, UsbPort, open_port
from drivers.wires import HID_REPORT_BYTES, WireKind

SLICE_S = 0.1
"""How often a waiting thread looks whether it is still wanted: the most that closing
takes."""
CLOSE_S = 5.0
"""A thread whose device does not even let go of a transfer is left behind then."""
MOST_UNREAD_BYTES = 256 * 1024
"""A reader that sends faster than it is read is held back beyond this."""
_CLOSED = "closed by this program"
_DEFECT = "this program has failed; its log says how"


async def open_usb(spec: str) -> Transport:
    """Open the device for this program alone.

    Raises TransportUnavailable, and LocalError for a spec that is none.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[UsbPort | TransportError | LocalError] = loop.create_future()

    def hand_over(result: UsbPort | TransportError | LocalError) -> None:
        if not opened.cancelled():
            opened.set_result(result)
        elif isinstance(result, UsbPort):
            _start(result.close, name=f"close {spec}")

    def run() -> None:
        result: UsbPort | TransportError | LocalError
        result = TransportUnavailable(spec, _DEFECT)
        try:
            result = open_port(spec)
        except (TransportError, LocalError) as error:
            result = error
        finally:
            if not _tell(loop, hand_over, result) and isinstance(result, UsbPort):
                result.close()

    _start(run, name=f"open {spec}")
    result = await opened
    if not isinstance(result, UsbPort):
        raise result
    return UsbWire(spec, result)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    data: bytes
    # An error is a result here: a future's exception nobody awaits makes noise.
    ended: asyncio.Future[str | None]


class UsbWire:
    """Implements Transport; made by open_usb."""

    def __init__(self, spec: str, port: UsbPort) -> None:
        """Owns `port` from now on, and begins to read."""
        self._spec = spec
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox(port.kind, chunk_bytes=None)
        self._unread_bytes = 0
        self._writing: set[asyncio.Future[str | None]] = set()
        self._lost_because = ""
        self._lost = asyncio.Event()
        self._released = asyncio.Event()
        # These the threads see, and nothing else but the port.
        self._is_unwanted = threading.Event()
        self._has_room = threading.Event()
        self._has_room.set()
        self._outgoing: queue.SimpleQueue[_Outgoing | None] = queue.SimpleQueue()
        _start(self._own, name=f"read {spec}")

    @property
    def spec(self) -> str:
        """The spec string it was opened by."""
        return self._spec

    @property
    def kind(self) -> WireKind:
        """Reports of interrupt endpoints, or a stream over bulk endpoints."""
        return self._port.kind

    @property
    def packet_bytes(self) -> int | None:
        """One report; None for a stream."""
        return HID_REPORT_BYTES if self.kind is WireKind.HID else None

    async def read(self) -> bytes:
        """One report, or some of the stream; raises Disconnected after the last."""
        data = await self._inbox.take()
        if data is None:
            raise Disconnected(self._spec, self._lost_because)
        self._taken(data)
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Hand over what arrives as it arrives; `read` then tells of the end."""

        def take(data: bytes) -> None:
            self._taken(data)
            received(data)

        self._inbox.hand_to(take)

    async def write(self, data: bytes) -> None:
        """Return when the device has taken `data`; raises Disconnected."""
        if self._lost.is_set():
            raise Disconnected(self._spec, self._lost_because)
        if self.packet_bytes is not None and not 0 < len(data) <= self.packet_bytes:
            raise LocalError(f"{self._spec}: a report of {len(data)} bytes")
        ended: asyncio.Future[str | None] = self._loop.create_future()
        self._writing.add(ended)
        self._outgoing.put(_Outgoing(data, ended))
        try:
            reason = await ended
        finally:
            self._writing.discard(ended)
        if reason is not None:
            raise Disconnected(self._spec, reason)

    async def wait_closed(self) -> None:
        """Return when the device is gone or given back."""
        await self._lost.wait()

    async def aclose(self) -> None:
        """Give the device back; what was not taken yet is dropped."""
        self._is_unwanted.set()
        self._lose(_CLOSED)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._released.wait()

    # In the event loop, as the threads tell.

    def _received(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        if self._unread_bytes > MOST_UNREAD_BYTES:
            self._has_room.clear()
        self._inbox.put(data)

    def _taken(self, data: bytes) -> None:
        self._unread_bytes -= len(data)
        if self._unread_bytes <= MOST_UNREAD_BYTES:
            self._has_room.set()

    def _ended(self, ended: asyncio.Future[str | None], reason: str | None) -> None:
        if reason is not None:
            self._is_unwanted.set()
            self._lose(reason)
        if not ended.done():
            ended.set_result(None)

    def _lose(self, reason: str) -> None:
        if self._lost.is_set():
            return
        self._lost_because = reason
        self._lost.set()
        self._inbox.close()
        for ended in self._writing:
            if not ended.done():
                ended.set_result(reason)

    # In the threads.

    def _own(self) -> None:
        writing = _start(self._write_all, name=f"write {self._spec}")
        reason = _DEFECT
        try:
            reason = self._read_all()
        finally:
            self._is_unwanted.set()
            self._tell(self._lose, reason)
            self._outgoing.put(None)
            writing.join()
            self._port.close()
            self._tell(self._released.set)

    def _read_all(self) -> str:
        """Read until there is nothing to read from any more, and why that is."""
        while not self._is_unwanted.is_set():
            if not self._has_room.wait(SLICE_S):
                continue
            try:
                data = self._port.read(SLICE_S)
            except PortLost as error:
                return str(error)
            if data:
                self._tell(self._received, data)
        return _CLOSED

    def _write_all(self) -> None:
        while (outgoing := self._outgoing.get()) is not None:
            self._tell(self._ended, outgoing.ended, self._write(outgoing))

    def _write(self, outgoing: _Outgoing) -> str | None:
        """Have the device take all of it; why it never will, or None."""
        rest = outgoing.data
        while rest and not (self._is_unwanted.is_set() or outgoing.ended.cancelled()):
            try:
                rest = rest[self._port.write(rest, SLICE_S) :]
            except PortLost as error:
                return str(error)
        return None

    def _tell(self, told: Callable[..., object], *arguments: object) -> None:
        if not _tell(self._loop, told, *arguments):
            self._is_unwanted.set()


def _tell(
    loop: asyncio.AbstractEventLoop, told: Callable[..., object], *arguments: object
) -> bool:
    """Have the loop call `told`; False where the loop has ended without closing."""
    try:
        loop.call_soon_threadsafe(told, *arguments)
    except RuntimeError:
        return False
    return True


def _start(work: Callable[[], None], *, name: str) -> threading.Thread:
    # A device that hangs must not keep the program from ending.
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
