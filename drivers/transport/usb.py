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
MOST_UNSENT = 64
"""Whoever writes more waits until the device has taken some: 4 KiB of reports, as much
as a serial port keeps."""
_CLOSED = "closed by this program"
_DEFECT = "this program has failed; its log says how"
_Opened = UsbPort | TransportError | LocalError
"""A port, or why there is none."""


async def open_usb(spec: str, *, slice_s: float = SLICE_S) -> Transport:
    """Open the device for this program alone; closing it takes up to `slice_s`.

    Raises TransportUnavailable, and LocalError for a spec that is none.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[_Opened] = loop.create_future()

    def hand_over(result: _Opened) -> None:
        if opened.cancelled():
            _give_up(spec, result)
        else:
            opened.set_result(result)

    def run() -> None:
        result: _Opened = TransportUnavailable(spec, _DEFECT)
        try:
            result = open_port(spec)
        except (TransportError, LocalError) as error:
            result = error
        finally:
            if not _tell(loop, hand_over, result) and isinstance(result, UsbPort):
                result.close()

    _start(run, name=f"open {spec}")
    try:
        result = await opened
    except asyncio.CancelledError:
        # The port may have come at the very moment at which nobody wanted it any more.
        if not opened.cancelled():
            _give_up(spec, opened.result())
        raise
    if not isinstance(result, UsbPort):
        raise result
    return UsbWire(spec, result, slice_s=slice_s)


def _give_up(spec: str, opened: _Opened) -> None:
    """Nobody wants it any more."""
    if isinstance(opened, UsbPort):
        _start(opened.close, name=f"close {spec}")


class UsbWire:
    """Implements Transport; made by open_usb."""

    def __init__(self, spec: str, port: UsbPort, *, slice_s: float) -> None:
        """Owns `port` from now on, and begins to read."""
        self._spec = spec
        self._port = port
        self._slice_s = slice_s
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox(port.kind, chunk_bytes=None)
        self._unread_bytes = 0
        self._lost_because = ""
        self._lost = asyncio.Event()
        self._released = asyncio.Event()
        self._may_write = asyncio.Event()
        # These the threads see, and nothing else but the port.
        self._is_unwanted = threading.Event()
        self._has_room = threading.Event()
        self._has_room.set()
        self._is_congested = False
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
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
        """Hand `data` to the writing thread, waiting while it has enough to do."""
        if self.packet_bytes is not None and not 0 < len(data) <= self.packet_bytes:
            raise LocalError(f"{self._spec}: a report of {len(data)} bytes")
        while self._outgoing.qsize() >= MOST_UNSENT and not self._lost.is_set():
            self._may_write.clear()
            self._is_congested = True
            # The thread may have made room before it saw that.
            if self._outgoing.qsize() >= MOST_UNSENT:
                await self._may_write.wait()
        if self._lost.is_set():
            raise Disconnected(self._spec, self._lost_because)
        self._outgoing.put(data)

    async def wait_closed(self) -> None:
        """Return when the device is gone or given back."""
        await self._lost.wait()

    async def aclose(self) -> None:
        """Give the device back; what was not taken yet is dropped."""
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

    def _lose(self, reason: str) -> None:
        self._is_unwanted.set()
        if self._lost.is_set():
            return
        self._lost_because = reason
        self._lost.set()
        self._may_write.set()
        self._inbox.close()

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
            if not self._has_room.wait(self._slice_s):
                continue
            try:
                data = self._port.read(self._slice_s)
            except PortLost as error:
                return str(error)
            if data:
                self._tell(self._received, data)
        return _CLOSED

    def _write_all(self) -> None:
        reason = _DEFECT
        try:
            while (data := self._outgoing.get()) is not None:
                if self._is_congested and self._outgoing.qsize() < MOST_UNSENT:
                    self._is_congested = False
                    self._tell(self._may_write.set)
                self._write(data)
            reason = _CLOSED
        except PortLost as error:
            reason = str(error)
        finally:
            self._tell(self._lose, reason)

    def _write(self, data: bytes) -> None:
        """Have the device take all of it, however long it takes."""
        while data and not self._is_unwanted.is_set():
            data = data[self._port.write(data, self._slice_s) :]

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
