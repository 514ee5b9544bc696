"""Devices that are not there, as the system sees them: sysfs, nodes and udev's news.

Made by umockdev, which answers in place of the kernel for whatever a program opens. It
must be loaded before the program, so a test runs again in a process of its own.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Coroutine
from ctypes import c_char_p, c_int, c_void_p
from functools import wraps
from typing import Any

import pytest

PRELOADED = "libumockdev-preload.so.0"
LIBRARY = "libumockdev.so.0"
PATIENCE_S = 60
_BUS = "/devices/pci0000:00/usb1"


class Testbed:
    """The machine's devices; none at first."""

    __test__ = False

    def __init__(self) -> None:
        """Take over what this process sees of the system."""
        self._library = ctypes.CDLL(LIBRARY)
        create = self._function("new", c_void_p)
        self._testbed = create()
        self._add = self._function(
            "add_from_string", c_int, c_void_p, c_char_p, c_void_p
        )
        self._uevent = self._function("uevent", None, c_void_p, c_char_p, c_char_p)
        self._remove = self._function("remove_device", None, c_void_p, c_char_p)
        self._set = self._function(
            "set_attribute", None, c_void_p, c_char_p, c_char_p, c_char_p
        )
        self._fd = self._function("get_dev_fd", c_int, c_void_p, c_char_p)

    def plug_usb(
        self,
        path: str,
        usb_id: str,
        *,
        serial_number: str | None = "B000001",
        product: str = "A reader",
        is_configured: bool = True,
        number: int = 4,
    ) -> None:
        """A USB device appears at this bus and port, and udev says so."""
        vendor_id, _, product_id = usb_id.partition(":")
        attributes = {
            "idVendor": vendor_id,
            "idProduct": product_id,
            "product": product,
            "bNumInterfaces": " 1",
            "bConfigurationValue": "1" if is_configured else "",
            "devnum": str(number),
            "busnum": "1",
            "speed": "12",
        }
        if serial_number is not None:
            attributes["serial"] = serial_number
        self._describe(
            f"P: {_BUS}/{path}",
            f"N: bus/usb/001/{number:03}",
            "E: SUBSYSTEM=usb",
            "E: DEVTYPE=usb_device",
            f"E: DEVNAME=/dev/bus/usb/001/{number:03}",
            f"H: descriptors={_descriptors(int(vendor_id, 16), int(product_id, 16))}",
            *(f"A: {name}={value}\\n" for name, value in attributes.items()),
        )

    def configure_usb(self, path: str) -> None:
        """The kernel has chosen the device's configuration, and says so."""
        sys_path = f"/sys{_BUS}/{path}".encode()
        self._set(self._testbed, sys_path, b"bConfigurationValue", b"1\n")
        self._uevent(self._testbed, sys_path, b"bind")

    def plug_tty(self, path: str, name: str) -> None:
        """A serial port appears on the USB device, and udev says so."""
        interface = f"{_BUS}/{path}/{path}:1.0"
        self._describe(
            f"P: {interface}",
            "E: SUBSYSTEM=usb",
            "E: DEVTYPE=usb_interface",
            "A: bInterfaceNumber=00\\n",
            "A: bNumEndpoints=02\\n",
        )
        self._describe(
            f"P: {interface}/{name}/tty/{name}",
            f"N: {name}",
            "E: SUBSYSTEM=tty",
            f"E: DEVNAME=/dev/{name}",
            "A: dev=188:0",
            f"L: device=../../../{name}",
        )
        self._describe(f"P: {interface}/{name}", "E: SUBSYSTEM=usb-serial")

    def plug_console(self) -> None:
        """A terminal appears that is no port."""
        self._describe(
            "P: /devices/virtual/tty/tty7",
            "N: tty7",
            "E: SUBSYSTEM=tty",
            "E: DEVNAME=/dev/tty7",
            "A: dev=4:7",
        )

    def unplug_tty(self, path: str, name: str) -> None:
        """The serial port goes, and udev says so."""
        interface = f"{_BUS}/{path}/{path}:1.0"
        for part in (
            f"{interface}/{name}/tty/{name}",
            f"{interface}/{name}",
            interface,
        ):
            self._take_away(part)

    def unplug_usb(self, path: str) -> None:
        """The USB device goes, and udev says so."""
        self._take_away(f"{_BUS}/{path}")

    def tell_again(self, path: str) -> None:
        """What `udevadm trigger` does: news of what has not changed."""
        self._uevent(self._testbed, f"/sys{_BUS}/{path}".encode(), b"add")

    def far_end(self, node: str) -> int:
        """The descriptor behind a serial port, once somebody has opened the port."""
        return int(self._fd(self._testbed, node.encode()))

    def _describe(self, *lines: str) -> None:
        text = "\n".join([*lines, "", ""]).encode()
        if not self._add(self._testbed, text, None):
            raise RuntimeError(f"umockdev does not take {lines[0]}")

    def _take_away(self, path: str) -> None:
        sys_path = f"/sys{path}".encode()
        self._uevent(self._testbed, sys_path, b"remove")
        self._remove(self._testbed, sys_path)

    def _function(self, name: str, result: Any, *arguments: Any) -> Any:
        function = self._library[f"umockdev_testbed_{name}"]
        function.restype, function.argtypes = result, arguments
        return function


def _descriptors(vendor_id: int, product_id: int) -> str:
    """What the kernel keeps of a HID device's descriptors, as libusb reads them."""
    device = struct.pack(
        "<BBHBBBBHHHBBBB",
        *(18, 1, 0x0200, 0, 0, 0, 64),
        *(vendor_id, product_id, 0x0100, 1, 2, 3, 1),
    )
    configuration = bytes((9, 2, 41, 0, 1, 1, 0, 0x80, 50))
    interface = bytes((9, 4, 0, 0, 2, 3, 0, 0, 0))
    hid = bytes((9, 0x21, 0x11, 1, 0, 1, 0x22, 33, 0))
    endpoints = bytes((7, 5, 0x81, 3, 64, 0, 1, 7, 5, 0x02, 3, 64, 0, 1))
    return (device + configuration + interface + hid + endpoints).hex()


def in_testbed(
    test: Callable[..., Coroutine[Any, Any, None]],
) -> Callable[..., Coroutine[Any, Any, None] | None]:
    """Run the test in a process whose devices are those of its Testbed."""
    if PRELOADED in os.environ.get("LD_PRELOAD", ""):
        return test

    @wraps(test)
    def run_again(**fixtures: object) -> None:
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "--durations=0"),
                f"{test.__code__.co_filename}::{test.__name__}",
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=os.environ | {"LD_PRELOAD": PRELOADED},
        )
        if ended.returncode:
            pytest.fail(ended.stdout + ended.stderr, pytrace=False)

    return run_again


def has_umockdev() -> bool:
    """Whether the Debian package umockdev, or another system's, is installed."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True
