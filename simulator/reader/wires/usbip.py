"""A USB device: the reader as a HID device, offered over USB/IP."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence

from usbip.classes.device.hid import HID
from usbip.device import USBDevice

from drivers.wires import HID_REPORT_BYTES, WireKind
from simulator.errors import WireUnavailable
from simulator.reader.wires.usbip_server import UsbipServer
from simulator.reader.wires.wire import Nameplate

_REPORT_IDS = {"idtech_neo": (1, 2, 3, 4)}
"""Families whose reports begin with an id; those of others are all alike."""
_FIRST_DEVICE_NUMBER = 2


class UsbipWire:
    """Implements Wire. Hosts import the device as `usbip attach` does."""

    def __init__(
        self, host: str, port: int, nameplate: Callable[[], Nameplate]
    ) -> None:
        """Port 0 is any free one, the same for as long as the wire exists."""
        self._host = host
        self._port = port
        self._nameplate = nameplate
        self._numbers = itertools.count(_FIRST_DEVICE_NUMBER)
        self._server: UsbipServer | None = None
        self._interface: HID | None = None

    @property
    def spec(self) -> str:
        """`usbip:HOST:PORT`."""
        return f"usbip:{self._host}:{self._port}"

    @property
    def kind(self) -> WireKind:
        """Reports."""
        return WireKind.HID

    @property
    def packet_bytes(self) -> int | None:
        """One report."""
        return HID_REPORT_BYTES

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Offer the device."""
        self.unplug()
        nameplate = self._nameplate()
        if not nameplate.profile.usb:
            raise WireUnavailable(f"{nameplate.profile.name} is no USB device")
        loop = asyncio.get_running_loop()

        def output(report: bytes) -> None:
            # The host hears that its report has arrived before it hears the answer.
            loop.call_soon(self._pass_on, interface, bytes(report), received)

        device, interface = hid_device(nameplate, product_id=product_id, output=output)
        server = UsbipServer(device, device_number=next(self._numbers))
        try:
            self._port = server.open(self._host, self._port)
        except OSError as error:
            raise WireUnavailable(f"{self.spec}: {error.strerror}") from error
        self._server, self._interface = server, interface

    def unplug(self) -> None:
        """Take the device away from its host, and the port with it."""
        if self._server is not None:
            self._server.close()
            self._server = self._interface = None

    def send(self, data: bytes) -> None:
        """One report to the host, which may fetch it later."""
        if self._server is not None and self._interface is not None:
            self._server.give(self._interface.in_ep, data)

    def _pass_on(
        self, interface: HID, report: bytes, received: Callable[[bytes], None]
    ) -> None:
        if self._interface is interface:
            received(report)


def hid_device(
    nameplate: Nameplate,
    *,
    product_id: int | None = None,
    output: Callable[[bytes], None],
) -> tuple[USBDevice, HID]:
    """The reader as USB sees it; `output` gets every report from the host."""
    profile = nameplate.profile
    report_ids = _REPORT_IDS.get(profile.family, ())
    device = USBDevice(
        profile.usb[0].vendor_id,
        profile.usb[0].product_id if product_id is None else product_id,
        manufacturer=profile.vendor,
        product=profile.model,
        serial=nameplate.serial_number,
    )
    interface = HID(
        report_descriptor(report_ids),
        in_mps=HID_REPORT_BYTES,
        in_interval=1,
        # Readers with numbered reports take them as control transfers.
        out_ep=None if report_ids else 0x02,
        out_mps=HID_REPORT_BYTES,
        out_interval=1,
        on_output=output,
    )
    device.add(interface)
    return device, interface


def report_descriptor(report_ids: Sequence[int]) -> bytes:
    """Reports of HID_REPORT_BYTES both ways, on a page of the vendor (HID 1.11, 6.2.2).

    With ids, each of them takes one of the bytes.
    """
    begin = bytes.fromhex("0600FF 0901 A101 1500 26FF00 7508")
    numbered = [(bytes((0x85, each)), HID_REPORT_BYTES - 1) for each in report_ids]
    reports = b"".join(
        report_id + bytes((0x95, count)) + bytes.fromhex("0901 8102 0901 9102")
        for report_id, count in numbered or [(b"", HID_REPORT_BYTES)]
    )
    return begin + reports + bytes.fromhex("C0")
