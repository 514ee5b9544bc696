"""A host's kernel over USB/IP: one attached device, its transfers and who has claimed it.

Written from the protocol's description, not from the simulator's server: an error of
one side should show at the other.
"""

from __future__ import annotations

import errno
import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

PATIENCE_S = 10
_OP_IMPORT, _OP_DEVLIST, _VERSION = 0x8003, 0x8005, 0x0111
_SUBMIT, _UNLINK, _SUBMITTED = 1, 2, 3
_DEVICE_BYTES, _DEVICE_TAIL = 312, struct.Struct("!IIIHHHBBBBBB")
_SETUP = struct.Struct("<BBHHH")
_HID = 3


class TransferError(Exception):
    """A transfer that did not succeed; `number` is the kernel's errno."""

    def __init__(self, number: int) -> None:
        super().__init__(errno.errorcode.get(number, str(number)))
        self.number = number


@dataclass(slots=True)
class _Transfer:
    is_in: bool
    done: threading.Lock = field(default_factory=threading.Lock)
    status: int = 0
    actual: int = 0
    data: bytes = b""


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

    def __init__(self, address: tuple[str, int], bus_id: str, *, bus: int) -> None:
        """Attach it; raises OSError where that is refused."""
        request = bus_id.encode().ljust(32, b"\0")
        self._connection = _operation(address, _OP_IMPORT, request)
        told = _DEVICE_TAIL.unpack(_received(self._connection, _DEVICE_BYTES)[288:])
        self._connection.settimeout(None)
        self.bus, self.number, self.speed = bus, told[1], told[2]
        self.ports = tuple(map(int, bus_id.partition("-")[2].split(".")))
        self.is_gone = False
        self.claims: dict[int, object] = {}
        self._numbers = itertools.count(1)
        self._sending = threading.Lock()
        self._transfers: dict[int, _Transfer] = {}
        self._unlinking: dict[int, int] = {}
        self._reading = threading.Thread(target=self._read, name="usbip", daemon=True)
        self._reading.start()
        self.descriptor = self._descriptor(1, 18)
        total = struct.unpack_from("<H", self._descriptor(2, 9), 2)[0]
        self.configuration = self._descriptor(2, total)
        self.control(struct.pack("<BBHHH", 0, 9, self.configuration[5], 0, 0))
        # As usbhid does with everything that looks like a HID device.
        self.kernel_drivers = {
            each[2] for each in self.descriptors(4) if each[5] == _HID
        }

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
        return self._transfer(endpoint, True, length=length, timeout_s=timeout_s)

    def write(self, endpoint: int, data: bytes, *, timeout_s: float | None) -> None:
        """Hand `data` to the device; raises TransferError."""
        self._transfer(
            endpoint, False, length=len(data), data=data, timeout_s=timeout_s
        )

    def detach(self) -> None:
        """Give it back."""
        self.is_gone = True
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._reading.join(PATIENCE_S)
        self._connection.close()

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
        transfer.done.acquire()
        asked = struct.pack("!IiIII8s", 0, length, 0, 0, 0, setup) + data
        number = self._send(_SUBMIT, endpoint & 15, is_in, asked, transfer=transfer)
        if not transfer.done.acquire(timeout=-1 if timeout_s is None else timeout_s):
            self._send(_UNLINK, 0, False, struct.pack("!I24x", number), unlinks=number)
            transfer.done.acquire()
            if transfer.status == -errno.ECONNRESET:
                raise TransferError(errno.ETIMEDOUT)
        if transfer.status:
            raise TransferError(-transfer.status)
        return transfer.data

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
            if self.is_gone:
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

    def _read(self) -> None:
        try:
            while True:
                self._take(_received(self._connection, 48))
        except OSError:
            with self._sending:
                self.is_gone = True
                left, self._transfers = self._transfers, {}
            for transfer in left.values():
                transfer.status = -errno.ENODEV
                transfer.done.release()

    def _take(self, header: bytes) -> None:
        command, number = struct.unpack_from("!II", header)
        status, actual = struct.unpack_from("!iI", header, 20)
        if command == _SUBMITTED:
            transfer = self._transfers.pop(number)
            if transfer.is_in and actual:
                transfer.data = _received(self._connection, actual)
        else:
            unlinked = self._transfers.pop(self._unlinking.pop(number), None)
            if unlinked is None:
                return  # it had ended before
            transfer = unlinked
        transfer.status, transfer.actual = status, actual
        transfer.done.release()


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
