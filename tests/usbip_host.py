"""A host's kernel over USB/IP: one attached device, its transfers and who has claimed it.

As with libusb, no thread waits but those that ask for transfers: one of them receives for
all. Written from the protocol's description, not from the simulator's server: an error of
one side should show at the other.
"""

from __future__ import annotations

import errno
import itertools
import queue
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

PATIENCE_S = 10
_OP_IMPORT, _OP_DEVLIST, _VERSION = 0x8003, 0x8005, 0x0111
_SUBMIT, _UNLINK, _SUBMITTED = 1, 2, 3
_DEVICE_BYTES, _DEVICE_TAIL = 312, struct.Struct("!IIIHHHBBBBBB")
_SETUP = struct.Struct("<BBHHH")
_HID = 3
_HEADER_BYTES, _MOST_BYTES_AT_ONCE = 48, 64 * 1024


class TransferError(Exception):
    """A transfer that did not succeed; `number` is the kernel's errno."""

    def __init__(self, number: int) -> None:
        super().__init__(errno.errorcode.get(number, str(number)))
        self.number = number


@dataclass(slots=True)
class _Transfer:
    is_in: bool
    is_done: bool = False
    status: int = 0
    data: bytes = b""
    news: queue.SimpleQueue[None] = field(default_factory=queue.SimpleQueue)
    """It is done, or nobody receives any more."""

    def end(self, status: int, data: bytes = b"") -> None:
        """Wake whoever waits for it."""
        self.status, self.data, self.is_done = status, data, True
        self.news.put(None)


def bus_ids(address: tuple[str, int]) -> list[str]:
    """What a server exports; nothing where none listens."""
    try:
        connection = _operation(address, _OP_DEVLIST)
    except OSError:
        return []
    with connection:
        found = []
        for _ in range(struct.unpack("!I", _received(connection, 4))[0]):
            device = _received(connection, _DEVICE_BYTES)
            _received(connection, 4 * device[-1])
            found.append(device[256:288].rstrip(b"\0").decode())
        return found


class AttachedDevice:
    """A device that this host has for itself until it is detached or unplugged."""

    def __init__(
        self, address: tuple[str, int], bus_id: str, *, bus: int, frame_s: float = 0.0
    ) -> None:
        """Attach it; raises OSError where that is refused.

        With `frame_s` endpoints are served once in that time, as a real bus does it
        each millisecond; without, at once.
        """
        request = bus_id.encode().ljust(32, b"\0")
        self._connection = _operation(address, _OP_IMPORT, request)
        told = _DEVICE_TAIL.unpack(_received(self._connection, _DEVICE_BYTES)[288:])
        self._connection.settimeout(None)
        self.bus, self.number, self.speed = bus, told[1], told[2]
        self.ports = tuple(map(int, bus_id.partition("-")[2].split(".")))
        self._frame_s = frame_s
        self.claims: dict[int, object] = {}
        self._numbers = itertools.count(1)
        self._is_gone = False
        self._sending = threading.Lock()
        self._receiving = threading.Lock()
        self._readable = select.poll()
        self._readable.register(self._connection, select.POLLIN)
        self._received = bytearray()
        self._transfers: dict[int, _Transfer] = {}
        self._unlinking: dict[int, int] = {}
        self.descriptor = self._descriptor(1, 18)
        total = struct.unpack_from("<H", self._descriptor(2, 9), 2)[0]
        self.configuration = self._descriptor(2, total)
        self.control(struct.pack("<BBHHH", 0, 9, self.configuration[5], 0, 0))
        # As usbhid does with everything that looks like a HID device.
        self.kernel_drivers = {
            each[2] for each in self.descriptors(4) if each[5] == _HID
        }

    @property
    def is_gone(self) -> bool:
        """Whether it was unplugged or detached."""
        if not self._is_gone and self._receiving.acquire(blocking=False):
            # Nobody would have noticed.
            self._receive(0)
            self._receiving.release()
            self._have_another_receive()
        return self._is_gone

    def descriptors(self, kind: int) -> Iterator[bytes]:
        """Those of that type in the configuration."""
        rest = self.configuration
        while rest:
            if rest[1] == kind:
                yield rest[: rest[0]]
            rest = rest[rest[0] :]

    def control(
        self, setup: bytes, data: bytes = b"", *, timeout_s: float | None = 5
    ) -> bytes:
        """A control transfer; raises TransferError."""
        is_in = bool(setup[0] & 0x80)
        length = _SETUP.unpack(setup)[4]
        return self._transfer(
            0, is_in, length=length, setup=setup, data=data, timeout_s=timeout_s
        )

    def read(self, endpoint: int, length: int, *, timeout_s: float | None) -> bytes:
        """What the device sends next; raises TransferError."""
        data = self._transfer(endpoint, True, length=length, timeout_s=timeout_s)
        self._wait_for_frame()
        return data

    def write(self, endpoint: int, data: bytes, *, timeout_s: float | None) -> None:
        """Hand `data` to the device; raises TransferError."""
        self._wait_for_frame()
        self._transfer(
            endpoint, False, length=len(data), data=data, timeout_s=timeout_s
        )

    def detach(self) -> None:
        """Give it back."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        with self._receiving:
            self._lose()
            self._connection.close()

    def _wait_for_frame(self) -> None:
        if self._frame_s:
            time.sleep(self._frame_s - time.monotonic() % self._frame_s)  # noqa: TID251

    def _descriptor(self, kind: int, length: int) -> bytes:
        return self.control(struct.pack("<BBHHH", 0x80, 6, kind << 8, 0, length))

    def _transfer(
        self,
        endpoint: int,
        is_in: bool,
        *,
        length: int,
        setup: bytes = bytes(8),
        data: bytes = b"",
        timeout_s: float | None,
    ) -> bytes:
        transfer = _Transfer(is_in)
        asked = struct.pack("!IiIII8s", 0, length, 0, 0, 0, setup) + data
        number = self._send(_SUBMIT, endpoint & 15, is_in, asked, transfer=transfer)
        if not self._wait(transfer, timeout_s):
            self._send(_UNLINK, 0, False, struct.pack("!I24x", number), unlinks=number)
            self._wait(transfer, None)
            if transfer.status == -errno.ECONNRESET:
                raise TransferError(errno.ETIMEDOUT)
        if transfer.status:
            raise TransferError(-transfer.status)
        return transfer.data

    def _wait(self, transfer: _Transfer, timeout_s: float | None) -> bool:
        """Until it is done; False where it is not in time."""
        end = None if timeout_s is None else time.monotonic() + timeout_s  # noqa: TID251
        try:
            while not transfer.is_done:
                left = None if end is None else end - time.monotonic()  # noqa: TID251
                if left is not None and left <= 0:
                    return False
                self._receive_or_wait(transfer, left)
        finally:
            self._have_another_receive(than=transfer)
        return True

    def _receive_or_wait(self, transfer: _Transfer, timeout_s: float | None) -> None:
        if self._receiving.acquire(blocking=False):
            try:
                self._receive(timeout_s)
            finally:
                self._receiving.release()
        else:
            with suppress(queue.Empty):
                transfer.news.get(timeout=timeout_s)

    def _have_another_receive(self, *, than: _Transfer | None = None) -> None:
        for transfer in list(self._transfers.values()):
            if transfer is not than:
                transfer.news.put(None)
                return

    def _send(
        self,
        command: int,
        endpoint: int,
        is_in: bool,
        body: bytes,
        *,
        transfer: _Transfer | None = None,
        unlinks: int | None = None,
    ) -> int:
        with self._sending:
            number = next(self._numbers)
            if self._is_gone:
                raise TransferError(errno.ENODEV)
            if transfer is not None:
                self._transfers[number] = transfer
            if unlinks is not None:
                self._unlinking[number] = unlinks
            device = self.bus << 16 | self.number
            header = struct.pack("!IIIII", command, number, device, is_in, endpoint)
            try:
                self._connection.sendall(header + body)
            except OSError:
                raise TransferError(errno.ENODEV) from None
            return number

    def _receive(self, timeout_s: float | None) -> None:
        """Take what comes next, if it comes in time."""
        wait_ms = None if timeout_s is None else max(0, round(timeout_s * 1000))
        try:
            if not self._is_gone and self._readable.poll(wait_ms):
                self._take_all(self._connection.recv(_MOST_BYTES_AT_ONCE))
        except OSError:
            self._lose()

    def _take_all(self, data: bytes) -> None:
        if not data:
            raise ConnectionResetError("the server hung up")
        self._received += data
        while len(self._received) >= _HEADER_BYTES:
            command, number = struct.unpack_from("!II", self._received)
            status, actual = struct.unpack_from("!iI", self._received, 20)
            is_submitted = command == _SUBMITTED
            has_data = is_submitted and self._transfers[number].is_in
            size = _HEADER_BYTES + (actual if has_data else 0)
            if len(self._received) < size:
                return
            carried = bytes(self._received[_HEADER_BYTES:size])
            del self._received[:size]
            self._take(number, status, carried, is_submitted=is_submitted)

    def _take(
        self, number: int, status: int, data: bytes, *, is_submitted: bool
    ) -> None:
        if is_submitted:
            self._transfers.pop(number).end(status, data)
        else:
            unlinked = self._transfers.pop(self._unlinking.pop(number), None)
            if unlinked is not None:  # else it had ended before
                unlinked.end(status)

    def _lose(self) -> None:
        with self._sending:
            self._is_gone = True
            left, self._transfers = self._transfers, {}
        for transfer in left.values():
            transfer.end(-errno.ENODEV)


def _operation(address: tuple[str, int], code: int, body: bytes = b"") -> socket.socket:
    connection = socket.create_connection(address, PATIENCE_S)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(struct.pack("!HHI", _VERSION, code, 0) + body)
        answer = _received(connection, 8)
        if answer != struct.pack("!HHI", _VERSION, code & 0x7FFF, 0):
            raise ConnectionRefusedError(f"USB/IP answer {answer.hex()}")
    except BaseException:
        connection.close()
        raise
    return connection


def _received(connection: socket.socket, count: int) -> bytes:
    data = connection.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        raise ConnectionResetError("the server hung up")
    return data
