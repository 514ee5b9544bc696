"""pyusb's way to devices over USB/IP instead of libusb's to those of the machine.

Installed in place of libusb, so that the program under test uses pyusb as it always
does. Errors are libusb's.
"""

from __future__ import annotations

import array
import errno
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
import usb.backend.libusb1
from usb.core import USBError, USBTimeoutError
from usbip_host import AttachedDevice, TransferError, bus_ids

_DEVICE = (
    "bLength bDescriptorType bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol "
    "bMaxPacketSize0 idVendor idProduct bcdDevice iManufacturer iProduct iSerialNumber "
    "bNumConfigurations"
)
_CONFIGURATION = (
    "bLength bDescriptorType wTotalLength bNumInterfaces bConfigurationValue "
    "iConfiguration bmAttributes bMaxPower"
)
_INTERFACE = (
    "bLength bDescriptorType bInterfaceNumber bAlternateSetting bNumEndpoints "
    "bInterfaceClass bInterfaceSubClass bInterfaceProtocol iInterface"
)
_ENDPOINT = (
    "bLength bDescriptorType bEndpointAddress bmAttributes wMaxPacketSize bInterval"
)
_LIBUSB_CODES = {
    errno.EIO: -1,
    errno.EACCES: -3,
    errno.ENODEV: -4,
    errno.EBUSY: -6,
    errno.ETIMEDOUT: -7,
    errno.EPIPE: -9,
}
_FIRST_BUS = 201
"""No machine has so many: its own devices are never taken for ours."""
Buffer: TypeAlias = "array.array[int]"


def failure(number: int) -> USBError:
    """As libusb says what the kernel says with this errno."""
    kind = USBTimeoutError if number == errno.ETIMEDOUT else USBError
    error: USBError = kind(os.strerror(number), _LIBUSB_CODES.get(number, -99), number)
    return error


class Handle:
    """One opening of a device."""

    def __init__(self, device: AttachedDevice) -> None:
        self.device = device


class UsbipBackend:
    """The devices of all `servers`, each of them a bus; like an IBackend of pyusb."""

    def __init__(self, *servers: tuple[str, int], frame_s: float = 0.0) -> None:
        """Nothing is attached before somebody looks; `frame_s` as AttachedDevice has it."""
        self.servers = list(servers)
        self._frame_s = frame_s
        self.attached: dict[tuple[str, int], AttachedDevice] = {}
        self.open_handles: set[Handle] = set()
        self.before_opening: Callable[[], None] = lambda: None
        """Called when a program opens a device; may raise what `failure` makes."""
        self.before_claiming: Callable[[AttachedDevice], None] = lambda _: None

    def close(self) -> None:
        """Detach everything."""
        while self.attached:
            self.attached.popitem()[1].detach()

    def enumerate_devices(self) -> Iterator[AttachedDevice]:
        for address in self.servers:
            device = self.attached.get(address)
            if device is not None and device.is_gone:
                self.attached.pop(address).detach()
                device = None
            if device is None:
                device = self._attach(address)
            if device is not None:
                yield device

    def bus_of(self, address: tuple[str, int]) -> int:
        """The number of the bus that a server is."""
        return _FIRST_BUS + self.servers.index(address)

    def _attach(self, address: tuple[str, int]) -> AttachedDevice | None:
        for bus_id in bus_ids(address):
            device = AttachedDevice(
                address, bus_id, bus=self.bus_of(address), frame_s=self._frame_s
            )
            self.attached[address] = device
            return device
        return None

    def get_parent(self, device: AttachedDevice) -> None:
        return None

    def get_device_descriptor(self, device: AttachedDevice) -> SimpleNamespace:
        values = struct.unpack("<BBHBBBBHHHBBBB", device.descriptor)
        return SimpleNamespace(
            **_named(_DEVICE, values),
            bus=device.bus,
            address=device.number,
            port_number=device.ports[-1],
            port_numbers=device.ports,
            speed=device.speed,
        )

    def get_configuration_descriptor(
        self, device: AttachedDevice, config: int
    ) -> SimpleNamespace:
        values = struct.unpack_from("<BBHBBBBB", device.configuration)
        fields = _named(_CONFIGURATION, values)
        return SimpleNamespace(**fields, extra_descriptors=[])

    def get_interface_descriptor(
        self, device: AttachedDevice, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        if alt:
            raise IndexError("no alternate settings")
        raw = list(device.descriptors(4))[intf]
        fields = _named(_INTERFACE, raw)
        return SimpleNamespace(**fields, extra_descriptors=[])

    def get_endpoint_descriptor(
        self, device: AttachedDevice, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        before = sum(each[4] for each in list(device.descriptors(4))[:intf])
        raw = list(device.descriptors(5))[before + ep]
        fields = _named(_ENDPOINT, struct.unpack("<BBBBHB", raw))
        return SimpleNamespace(
            **fields, bRefresh=0, bSynchAddress=0, extra_descriptors=[]
        )

    def open_device(self, device: AttachedDevice) -> Handle:
        self.before_opening()
        if device.is_gone:
            raise failure(errno.ENODEV)
        handle = Handle(device)
        self.open_handles.add(handle)
        return handle

    def close_device(self, handle: Handle) -> None:
        self.open_handles.remove(handle)
        claims = handle.device.claims
        for interface in [each for each, owner in claims.items() if owner is handle]:
            del claims[interface]

    def get_configuration(self, handle: Handle) -> int:
        (value,) = _control(handle, 0x80, 8, 0, 0, length=1)
        return value

    def set_configuration(self, handle: Handle, config_value: int) -> None:
        _control(handle, 0, 9, config_value, 0)

    def claim_interface(self, handle: Handle, intf: int) -> None:
        device = handle.device
        self.before_claiming(device)
        owner = device.claims.setdefault(intf, handle)
        if owner is not handle or intf in device.kernel_drivers:
            raise failure(errno.EBUSY)

    def release_interface(self, handle: Handle, intf: int) -> None:
        del handle.device.claims[intf]

    def is_kernel_driver_active(self, handle: Handle, intf: int) -> bool:
        return intf in handle.device.kernel_drivers

    def detach_kernel_driver(self, handle: Handle, intf: int) -> None:
        handle.device.kernel_drivers.remove(intf)

    def attach_kernel_driver(self, handle: Handle, intf: int) -> None:
        if handle.device.is_gone:
            raise failure(errno.ENODEV)
        if intf in handle.device.claims:
            raise failure(errno.EBUSY)
        handle.device.kernel_drivers.add(intf)

    def clear_halt(self, handle: Handle, ep: int) -> None:
        _control(handle, 2, 1, 0, ep)

    def bulk_read(
        self, handle: Handle, ep: int, intf: int, buff: Buffer, timeout: int
    ) -> int:
        try:
            data = handle.device.read(
                ep, len(buff) * buff.itemsize, timeout_s=_seconds(timeout)
            )
        except TransferError as error:
            raise failure(error.number) from None
        buff[: len(data)] = array.array("B", data)
        return len(data)

    def bulk_write(
        self, handle: Handle, ep: int, intf: int, data: Buffer, timeout: int
    ) -> int:
        try:
            handle.device.write(ep, data.tobytes(), timeout_s=_seconds(timeout))
        except TransferError as error:
            raise failure(error.number) from None
        return len(data)

    intr_read, intr_write = bulk_read, bulk_write
    iso_read = iso_write = None  # pyusb looks at all kinds before it takes one

    def ctrl_transfer(
        self,
        handle: Handle,
        bm_request_type: int,
        b_request: int,
        w_value: int,
        w_index: int,
        data: Buffer,
        timeout: int,
    ) -> int:
        answer = _control(
            handle,
            bm_request_type,
            b_request,
            w_value,
            w_index,
            length=len(data),
            data=b"" if bm_request_type & 0x80 else data.tobytes(),
        )
        data[: len(answer)] = array.array("B", answer)
        return len(answer) if bm_request_type & 0x80 else len(data)


def install(monkeypatch: pytest.MonkeyPatch, backend: UsbipBackend) -> None:
    """Have pyusb find `backend` where it looks for libusb."""

    def get_backend(find_library: Any = None) -> UsbipBackend:
        return backend

    monkeypatch.setattr(usb.backend.libusb1, "get_backend", get_backend)


def _named(names: str, values: Iterable[int]) -> dict[str, int]:
    return dict(zip(names.split(), values, strict=True))


def _control(handle: Handle, *setup: int, length: int = 0, data: bytes = b"") -> bytes:
    try:
        return handle.device.control(struct.pack("<BBHHH", *setup, length), data)
    except TransferError as error:
        raise failure(error.number) from None


def _seconds(timeout_ms: int) -> float | None:
    return timeout_ms / 1000 if timeout_ms else None
