"""USB devices that send back what they get, and a bus to plug them into."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from usbip.classes.device.hid import HID
from usbip.core import OUT
from usbip.device import Endpoint, In, Out, USBDevice
from usbip.function import Interface
from usbip_backend import UsbipBackend
from usbip_host import AttachedDevice

from simulator.reader.wires.usbip import report_descriptor
from simulator.reader.wires.usbip_server import UsbipServer

VENDOR_ID, PRODUCT_ID = 0x1209, 0x0001
SPEC = "usb:1209:0001"
HID_OUT, HID_IN, BULK_OUT, BULK_IN = 0x02, 0x81, 0x01, 0x82
KEYBOARD, MASS_STORAGE, VENDOR = 1, 0x08, 0xFF
PATIENCE_S = 10
Taker = Callable[[bytes], None]


class Bulk(Interface):  # type: ignore[misc]
    """A stream over bulk endpoints."""

    bulk_out = Out(BULK_OUT, "bulk", mps=64)
    bulk_in = In(BULK_IN, "bulk", mps=64)

    def __init__(self, take: Taker, *, interface_class: int = VENDOR) -> None:
        super().__init__()
        self.bInterfaceClass = interface_class
        self._take = take

    def on_out(self, _: Endpoint, data: bytes) -> None:
        """Data from the host."""
        self._take(bytes(data))


class _Device(USBDevice):  # type: ignore[misc]
    """A device that may be too busy to take anything."""

    def __init__(self, *ids: int, **strings: str | None) -> None:
        super().__init__(*ids, **strings)
        self.is_busy = False
        self.has_waiting = asyncio.Event()
        """The host waits for it to take something."""
        self.was_given_up = asyncio.Event()
        """The host has waited in vain."""
        self.is_read = asyncio.Event()
        """The host has fetched everything, and waits for more."""
        self._held: dict[int, Callable[[], None]] = {}

    def handle_urb(self, urb: Any, respond: Any = None) -> Any:
        """One transfer; None while it is under way."""
        if self.is_busy and urb.direction == OUT and urb.ep:
            self._held[urb.seqnum] = lambda: respond(self.handle_urb(urb))
            self.has_waiting.set()
            return None
        answered = super().handle_urb(urb, respond)
        if answered is None:
            self.is_read.set()
        return answered

    def cancel_urb(self, number: int) -> None:
        """The host no longer wants that transfer."""
        if self._held.pop(number, None) is None:
            super().cancel_urb(number)
        else:
            self.was_given_up.set()

    def take_what_waits(self) -> None:
        """No longer busy."""
        self.is_busy = False
        held, self._held = self._held, {}
        for take in held.values():
            take()


class EchoDevice:
    """Plugged in and out by a test, at one port of the bus."""

    def __init__(self, serial_number: str | None = "A1") -> None:
        """Without interfaces yet."""
        self.received: list[bytes] = []
        self.is_silent = False
        self.usb = _Device(
            VENDOR_ID,
            PRODUCT_ID,
            manufacturer="Acme",
            product="One",
            serial=serial_number,
        )
        self.incoming: Endpoint | None = None
        self.address = ("127.0.0.1", 0)
        self._plugs = 1
        self._server: UsbipServer | None = None

    def add(self, interface: Interface, *, incoming: Endpoint | None = None) -> None:
        """Another interface; `incoming` is the endpoint that `send` uses from now on."""
        self.usb.add(interface)
        self.incoming = incoming or self.incoming

    def take(self, data: bytes) -> None:
        """What the host sends comes here."""
        self.received.append(bytes(data))
        if not self.is_silent:
            self.send(data)

    def send(self, *packets: bytes) -> None:
        """To the host, which may fetch it later."""
        if self._server is not None:
            self.usb.is_read.clear()
            for data in packets:
                self._server.give(self.incoming, bytes(data))

    def stall(self, address: int) -> None:
        """Stop an endpoint until the host clears it."""
        (endpoint,) = (
            each
            for interface in self.usb.interfaces
            for each in interface._endpoints.values()
            if each.addr == address
        )
        endpoint.stall()

    def answer_control(self, answer: Callable[[Any, bytes], bytes | None]) -> None:
        """Have `answer` see control transfers first; None leaves them to the device."""
        interface = self.usb[0]

        def answer_or_leave(setup: Any, data: bytes = b"") -> bytes:
            answered = answer(setup, data)
            if answered is not None:
                return answered
            return bytes(interface.on_control(setup, data))

        self.usb.on_control(0, answer_or_leave)

    def plug(self) -> None:
        """Plug it in, at the port where it was before."""
        self._plugs += 1
        self._server = UsbipServer(self.usb, device_number=self._plugs)
        self.address = (self.address[0], self._server.open(*self.address))

    def unplug(self) -> None:
        """Pull it out, if it is in."""
        if self._server is not None:
            self._server.close()
            self._server = None


def hid_device(
    serial_number: str | None = "A1", *, report_ids: tuple[int, ...] = ()
) -> EchoDevice:
    """Reports; with ids, the host's come as control transfers."""
    device = EchoDevice(serial_number)
    interface = HID(
        report_descriptor(report_ids),
        in_interval=1,
        out_ep=None if report_ids else HID_OUT,
        on_output=device.take,
    )
    device.add(interface, incoming=interface.in_ep)
    return device


def bulk_device(serial_number: str | None = "A1") -> EchoDevice:
    """A stream."""
    device = EchoDevice(serial_number)
    interface = Bulk(device.take)
    device.add(interface, incoming=interface.bulk_in)
    return device


class UsbBus:
    """What pyusb takes for this machine's USB."""

    def __init__(self, backend: UsbipBackend) -> None:
        self.backend = backend
        self._devices: list[EchoDevice] = []

    def plug(self, device: EchoDevice) -> EchoDevice:
        """Plug the device in, at a port of its own."""
        device.plug()
        if device not in self._devices:
            self._devices.append(device)
            self.backend.servers.append(device.address)
        return device

    def path_of(self, device: EchoDevice) -> str:
        """Where it is, as the kernel would write it."""
        return f"{self.backend.bus_of(device.address)}-1"

    async def attached(self, device: EchoDevice) -> AttachedDevice:
        """The device as the kernel has it."""
        for each in await asyncio.to_thread(list, self.backend.enumerate_devices()):
            if each is self.backend.attached.get(device.address):
                return each
        raise LookupError("it is not plugged in")

    def close(self) -> None:
        """Pull everything out."""
        for device in self._devices:
            device.unplug()
        self.backend.close()


def usb_threads() -> list[threading.Thread]:
    """Those of open devices."""
    return [thread for thread in threading.enumerate() if SPEC in thread.name]


async def all_threads_ended() -> None:
    """Return when no device has a thread any more."""
    async with asyncio.timeout(PATIENCE_S):
        while threads := usb_threads():
            await asyncio.to_thread(threads[0].join, PATIENCE_S)
