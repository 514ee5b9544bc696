"""USB/IP as the kernel's Documentation/usb/usbip_protocol.rst has it, a server's side.

Pure: bytes of a host in, what it asks out, and back. No isochronous transfers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

VERSION = 0x0111
MOST_TRANSFER_BYTES = 1 << 16
"""More than any of our devices takes at once."""

_OPERATION = struct.Struct(">HHI")
_BUS_ID = struct.Struct("32s")
_DEVICE = struct.Struct(">256s32sIIIHHHBBBBBB")
_INTERFACE = struct.Struct(">BBBx")
_HEADER = struct.Struct(">IIIII")
_SUBMIT = struct.Struct(">IIIII8s")
_UNLINK = struct.Struct(">I24x")
_SUBMITTED = struct.Struct(">iIIII8x")
_UNLINKED = struct.Struct(">i24x")
_NO_START_FRAME = 0xFFFFFFFF
_FULL_SPEED = 2


class UsbipError(Exception):
    """A host's bytes that are not USB/IP, or more than this server takes."""


class Operation(IntEnum):
    """What a host asks before it has a device; the answer's code lacks the top bit."""

    LIST_DEVICES = 0x8005
    IMPORT_DEVICE = 0x8003


class Status(IntEnum):
    """The answer to an operation."""

    OK = 0
    BUSY = 2
    NO_SUCH_DEVICE = 4


class _Command(IntEnum):
    SUBMIT = 1
    UNLINK = 2
    SUBMITTED = 3
    UNLINKED = 4


@dataclass(frozen=True, slots=True)
class ListDevices:
    """The host asks what there is."""


@dataclass(frozen=True, slots=True)
class ImportDevice:
    """The host wants the device at this place for itself."""

    bus_id: str


@dataclass(frozen=True, slots=True)
class Submit:
    """The host asks for a transfer."""

    number: int
    endpoint: int
    is_in: bool
    length: int
    setup: bytes
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Unlink:
    """The host no longer wants a transfer."""

    number: int
    unlinked: int


Request = ListDevices | ImportDevice | Submit | Unlink


@dataclass(frozen=True, slots=True)
class Device:
    """What a host is told of a device before it has it."""

    bus_id: str
    device_number: int
    vendor_id: int
    product_id: int
    release: int
    interfaces: tuple[tuple[int, int, int], ...]
    """Class, subclass and protocol of each."""


class Decoder:
    """Takes a host's bytes as they come."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._has_device = False

    def feed(self, data: bytes) -> list[Request]:
        """What `data` completes; raises UsbipError, and then the connection is done."""
        self._received += data
        requests = []
        while (request := self._next()) is not None:
            requests.append(request)
        return requests

    def _next(self) -> Request | None:
        return self._next_transfer() if self._has_device else self._next_operation()

    def _next_operation(self) -> ListDevices | ImportDevice | None:
        if len(self._received) < _OPERATION.size:
            return None
        _, code, _ = _OPERATION.unpack_from(self._received)
        if code == Operation.LIST_DEVICES:
            self._take(_OPERATION.size)
            return ListDevices()
        if code != Operation.IMPORT_DEVICE:
            raise UsbipError(f"no operation {code:#06x}")
        if len(self._received) < _OPERATION.size + _BUS_ID.size:
            return None
        (bus_id,) = _BUS_ID.unpack_from(self._received, _OPERATION.size)
        self._take(_OPERATION.size + _BUS_ID.size)
        self._has_device = True
        return ImportDevice(bus_id.split(b"\0")[0].decode("ascii", "replace"))

    def _next_transfer(self) -> Submit | Unlink | None:
        header_bytes = _HEADER.size + _SUBMIT.size
        if len(self._received) < header_bytes:
            return None
        command, number, _, direction, endpoint = _HEADER.unpack_from(self._received)
        if command == _Command.UNLINK:
            (unlinked,) = _UNLINK.unpack_from(self._received, _HEADER.size)
            self._take(header_bytes)
            return Unlink(number, unlinked)
        _, length, _, _, _, setup = _SUBMIT.unpack_from(self._received, _HEADER.size)
        if command != _Command.SUBMIT or length > MOST_TRANSFER_BYTES or endpoint > 15:
            raise UsbipError(f"no transfer: command {command}, {length} bytes")
        out_bytes = 0 if direction else length
        if len(self._received) < header_bytes + out_bytes:
            return None
        data = self._take(header_bytes + out_bytes)[header_bytes:]
        return Submit(number, endpoint, bool(direction), length, setup, data)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken


def device_list(devices: list[Device]) -> bytes:
    """The answer to ListDevices."""
    described = b"".join(
        _described(device)
        + b"".join(_INTERFACE.pack(*interface) for interface in device.interfaces)
        for device in devices
    )
    return (
        _answer(Operation.LIST_DEVICES, Status.OK)
        + struct.pack(">I", len(devices))
        + described
    )


def imported(device: Device) -> bytes:
    """The answer to ImportDevice for a host that now has the device."""
    return _answer(Operation.IMPORT_DEVICE, Status.OK) + _described(device)


def not_imported(status: Status) -> bytes:
    """The answer to ImportDevice for a host that does not get it."""
    return _answer(Operation.IMPORT_DEVICE, status)


def submitted(request: Submit, *, status: int, data: bytes) -> bytes:
    """How a transfer ended; `status` is 0 or a negative errno."""
    actual = len(data) if request.is_in else request.length
    header = _HEADER.pack(_Command.SUBMITTED, request.number, 0, 0, 0)
    ended = _SUBMITTED.pack(status, 0 if status else actual, _NO_START_FRAME, 0, 0)
    return header + ended + (data if request.is_in and not status else b"")


def unlinked(request: Unlink, *, status: int) -> bytes:
    """`status` is 0 if the transfer had ended, -ECONNRESET if it now never does."""
    header = _HEADER.pack(_Command.UNLINKED, request.number, 0, 0, 0)
    return header + _UNLINKED.pack(status)


def _answer(operation: Operation, status: Status) -> bytes:
    return _OPERATION.pack(VERSION, operation & 0x7FFF, status)


def _described(device: Device) -> bytes:
    path = f"/sys/devices/platform/cardlane/{device.bus_id}"
    return _DEVICE.pack(
        path.encode(),
        device.bus_id.encode(),
        1,
        device.device_number,
        _FULL_SPEED,
        device.vendor_id,
        device.product_id,
        device.release,
        0,  # the class is said by each interface
        0,
        0,
        1,
        1,
        len(device.interfaces),
    )
