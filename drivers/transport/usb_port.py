"""One interface of a USB device, claimed: reports or bytes, as its endpoints have them.

Everything here blocks, each call for as long as it says. It knows no event loop.
"""

from __future__ import annotations

import errno
from contextlib import suppress

import usb.core
import usb.util

from drivers.errors import TransportUnavailable
from drivers.transport.hid_reports import has_report_ids
from drivers.transport.usb_address import UsbAddress, parse_address, spec_of
from drivers.transport.usb_listing import ListedDevice, listed_devices
from drivers.transport.usb_pipes import Pipes, pipes_of
from drivers.wires import WireKind

GONE = "the reader is gone; was it unplugged?"
# HID 1.11, 7.1 and 7.2.
_FROM_INTERFACE, _TO_INTERFACE_CLASS = 0x81, 0x21
_GET_DESCRIPTOR, _REPORT_DESCRIPTOR, _MOST_DESCRIPTOR_BYTES = 0x06, 0x2200, 4096
_SET_REPORT, _OUTPUT_REPORT = 0x09, 0x0200
_MOST_STALLS = 3
_MOST_CLAIMS = 3


class PortLost(Exception):
    """The device no longer takes or sends anything; `str` is why."""


def open_port(spec: str) -> UsbPort:
    """The device that `spec` names, for this program alone.

    Raises TransportUnavailable, and LocalError for a spec that is none.
    """
    address = parse_address(spec)
    try:
        device = _the_one(spec, address)
        try:
            return _opened(spec, device.handle, address.interface)
        except BaseException:
            device.release()
            raise
    except usb.core.NoBackendError as error:
        reason = "libusb is not installed; install the package libusb-1.0-0"
        raise TransportUnavailable(spec, reason) from error
    except (usb.core.USBError, NotImplementedError) as error:
        raise TransportUnavailable(spec, reason_of(error)) from error


def reason_of(error: usb.core.USBError | NotImplementedError) -> str:
    """Why a device could not be used, with what a person can do about it."""
    if isinstance(error, NotImplementedError):
        return "this system does not let programs use the device"
    return _REASONS.get(error.errno) or str(error.strerror or error)


_NOT_THERE = "there is no such reader; is it plugged in?"
_NOT_ALLOWED = "permission denied; install the udev rules for readers"
_NO_ANSWER = "the reader does not answer; unplug it and plug it in again"
_REASONS = {
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EBUSY: "in use by another program",
    errno.ENODEV: _NOT_THERE,
    errno.ENOENT: _NOT_THERE,
    errno.ETIMEDOUT: _NO_ANSWER,
    errno.EIO: _NO_ANSWER,
    errno.EPIPE: _NO_ANSWER,
}
# Until the kernel has noticed, the transfers of an unplugged device fail on the wire.
_GONE = {errno.ENODEV, errno.ENOENT, errno.EIO, errno.ESHUTDOWN, errno.EPROTO}


class UsbPort:
    """For one thread that reads, one that writes, and `close` after both."""

    def __init__(
        self, device: usb.core.Device, pipes: Pipes, *, has_kernel_driver: bool
    ) -> None:
        """Of a claimed interface; `has_kernel_driver` gives it back to the kernel."""
        self.kind = pipes.kind
        self._device = device
        self._pipes = pipes
        self._has_kernel_driver = has_kernel_driver
        self._stalls = 0
        self._has_report_ids = (
            pipes.kind is WireKind.HID
            and pipes.outgoing is None
            and has_report_ids(_report_descriptor(device, pipes.interface))
        )

    def read(self, timeout_s: float) -> bytes:
        """What comes next; nothing where nothing came in time. Raises PortLost."""
        pipes = self._pipes
        try:
            data = self._device.read(
                pipes.incoming, pipes.incoming_bytes, _milliseconds(timeout_s)
            )
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            self._recover(error, pipes.incoming)
            return b""
        self._stalls = 0
        return bytes(data)

    def write(self, data: bytes, timeout_s: float) -> int:
        """How much of `data` was taken in time, a report whole or not at all.

        Raises PortLost.
        """
        endpoint = self._pipes.outgoing
        try:
            if endpoint is None:
                return self._set_report(data, timeout_s)
            return int(self._device.write(endpoint, data, _milliseconds(timeout_s)))
        except usb.core.USBTimeoutError:
            return 0
        except usb.core.USBError as error:
            self._recover(error, endpoint)
            return 0

    def close(self) -> None:
        """Give the interface back, to the kernel's driver where it had one."""
        _give_back(self._device, self._pipes.interface, self._has_kernel_driver)
        usb.util.dispose_resources(self._device)

    def _set_report(self, data: bytes, timeout_s: float) -> int:
        report_id = data[0] if self._has_report_ids else 0
        return int(
            self._device.ctrl_transfer(
                _TO_INTERFACE_CLASS,
                _SET_REPORT,
                _OUTPUT_REPORT | report_id,
                self._pipes.interface,
                data,
                _milliseconds(timeout_s),
            )
        )

    def _recover(self, error: usb.core.USBError, endpoint: int | None) -> None:
        """Make up for a stall, a few times; nothing else can be made up for."""
        self._stalls += 1
        if error.errno != errno.EPIPE or self._stalls > _MOST_STALLS:
            is_gone = error.errno in _GONE
            raise PortLost(GONE if is_gone else reason_of(error)) from error
        if endpoint is not None:
            with suppress(usb.core.USBError):
                self._device.clear_halt(endpoint)


def _the_one(spec: str, address: UsbAddress) -> ListedDevice:
    """The device that `address` names; the others are as nobody had looked at them."""
    alike: list[ListedDevice] = []
    failure: usb.core.USBError | None = None
    for device in listed_devices({address.usb_id}):
        try:
            is_named = _is_named(device, address)
        except usb.core.USBError as error:
            # Another one may be the one.
            is_named, failure = False, error
        if is_named:
            alike.append(device)
        else:
            device.release()
    if len(alike) == 1:
        return alike[0]
    for device in alike:
        device.release()
    if alike:
        names = [spec_of(UsbAddress(address.usb_id, path=each.path)) for each in alike]
        reason = f"there are several such readers: {', '.join(names)}"
        raise TransportUnavailable(spec, reason)
    raise failure or TransportUnavailable(spec, _NOT_THERE)


def _is_named(device: ListedDevice, address: UsbAddress) -> bool:
    if address.path not in (None, device.path):
        return False
    wanted = address.serial_number
    return wanted is None or device.text("serial") == wanted


def _opened(spec: str, device: usb.core.Device, wanted: int | None) -> UsbPort:
    pipes = pipes_of(_configuration(device), wanted)
    if pipes is None:
        raise TransportUnavailable(spec, "the device has no interface of a reader")
    has_kernel_driver = _claim(device, pipes.interface)
    try:
        return UsbPort(device, pipes, has_kernel_driver=has_kernel_driver)
    except BaseException:
        _give_back(device, pipes.interface, has_kernel_driver)
        raise


def _configuration(device: usb.core.Device) -> usb.core.Configuration:
    try:
        return device.get_active_configuration()
    except usb.core.USBError as error:
        if error.errno is not None:
            raise
    device.set_configuration()  # nobody has chosen one yet
    return device.get_active_configuration()


def _claim(device: usb.core.Device, interface: int) -> bool:
    """Take the interface for this program; tells whether the kernel's driver had it."""
    had_kernel_driver = False
    for _ in range(_MOST_CLAIMS):
        had_kernel_driver |= _take_from_kernel(device, interface)
        try:
            usb.util.claim_interface(device, interface)
        except usb.core.USBError as error:
            # The kernel's driver may have come while we looked.
            if error.errno == errno.EBUSY and _has_kernel_driver(device, interface):
                continue
            _give_back(device, interface, had_kernel_driver)
            raise
        return had_kernel_driver
    raise usb.core.USBError("claimed by a driver", errno=errno.EBUSY)


def _has_kernel_driver(device: usb.core.Device, interface: int) -> bool:
    try:
        return bool(device.is_kernel_driver_active(interface))
    except NotImplementedError:
        return False  # a system on which no driver is ever in the way


def _take_from_kernel(device: usb.core.Device, interface: int) -> bool:
    if not _has_kernel_driver(device, interface):
        return False
    try:
        device.detach_kernel_driver(interface)
    except usb.core.USBError as error:
        if error.errno != errno.ENOENT:  # else it has left by itself
            raise
        return False
    return True


def _give_back(device: usb.core.Device, interface: int, is_kernels: bool) -> None:
    # The device may be gone; then there is nothing to give back.
    with suppress(usb.core.USBError):
        usb.util.release_interface(device, interface)
    if is_kernels:
        with suppress(usb.core.USBError):
            device.attach_kernel_driver(interface)


def _report_descriptor(device: usb.core.Device, interface: int) -> bytes:
    return bytes(
        device.ctrl_transfer(
            _FROM_INTERFACE,
            _GET_DESCRIPTOR,
            _REPORT_DESCRIPTOR,
            interface,
            _MOST_DESCRIPTOR_BYTES,
        )
    )


def _milliseconds(timeout_s: float) -> int:
    return max(1, round(timeout_s * 1000))  # 0 would be for ever
