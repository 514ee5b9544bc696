"""One USB device on a port of this machine, for any host that speaks USB/IP.

As real USB has it, one host has the device at a time, and unplugging takes it away from
that host at once.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from functools import partial
from typing import assert_never

from usbip.core import IN, OUT, Urb
from usbip.device import Endpoint, USBDevice
from usbip.protocol import CMD_SUBMIT

from simulator.reader.wires.descriptor import DescriptorStream
from simulator.reader.wires.usbip_messages import (
    Decoder,
    Device,
    ImportDevice,
    ListDevices,
    Request,
    Status,
    Submit,
    Unlink,
    UsbipError,
    device_list,
    imported,
    not_imported,
    submitted,
    unlinked,
)

BUS_ID = "1-1"
"""Where the one device of a server is."""
_MOST_UNREAD = 1024


class UsbipServer:
    """Listens from `open` to `close`; the event loop does the rest."""

    def __init__(self, device: USBDevice, *, device_number: int = 2) -> None:
        """`device_number` is another one after each plugging in, as a bus gives it."""
        self._device = device
        self._told = Device(
            BUS_ID,
            device_number,
            device.vid,
            device.pid,
            device.bcdDevice,
            tuple(device.interface_triples()),
        )
        self._listener: socket.socket | None = None
        self._hosts: set[_Host] = set()
        self._owner: _Host | None = None
        self.unread = 0
        """Packets that the host has not fetched yet."""
        device.add_reset_hook(self._forget_unread)

    def open(self, host: str, port: int) -> int:
        """Listen there, and return the port; 0 is any free one. Raises OSError."""
        listener = socket.create_server((host, port))
        listener.setblocking(False)
        self._listener = listener
        loop = asyncio.get_running_loop()
        loop.add_reader(listener.fileno(), self._accept, listener)
        return int(listener.getsockname()[1])

    def close(self) -> None:
        """Stop listening and take the device away from whoever has it."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        for host in list(self._hosts):
            self._hang_up(host)

    def give(self, endpoint: Endpoint, data: bytes) -> None:
        """Have the host read `data` from the device's endpoint, sooner or later.

        Dropped where no host has the device, and where the host never reads.
        """
        if self._owner is not None and self.unread < _MOST_UNREAD:
            self.unread += 1
            endpoint.write(data)

    def _forget_unread(self) -> None:
        self.unread = 0

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host = _Host()
        self._hosts.add(host)
        host.stream = DescriptorStream(
            connection.detach(),
            received=partial(self._receive, host),
            closed=partial(self._hang_up, host),
        )

    def _hang_up(self, host: _Host) -> None:
        host.stream.close()
        self._hosts.discard(host)
        if self._owner is host:
            self._owner = None
            # What it was told and had asked is nobody's any more.
            self._device.reset_io()

    def _receive(self, host: _Host, data: bytes) -> None:
        try:
            for request in host.decoder.feed(data):
                self._answer(host, request)
        except UsbipError:
            self._hang_up(host)

    def _answer(self, host: _Host, request: Request) -> None:
        match request:
            case ListDevices():
                self._send(host, device_list([self._told]))
            case ImportDevice(bus_id):
                self._import(host, bus_id)
            case _ if self._owner is not host:
                raise UsbipError("no device was imported")
            case Submit():
                self._submit(host, request)
            case Unlink():
                self._unlink(host, request)
            case _:
                assert_never(request)

    def _import(self, host: _Host, bus_id: str) -> None:
        if bus_id != BUS_ID:
            self._send(host, not_imported(Status.NO_SUCH_DEVICE))
        elif self._owner is not None:
            self._send(host, not_imported(Status.BUSY))
        else:
            self._owner = host
            self._device.reset_io()
            self._send(host, imported(self._told))

    def _submit(self, host: _Host, request: Submit) -> None:
        def end(urb: Urb) -> None:
            host.waiting.discard(request.number)
            data = bytes(urb.buffer) if request.is_in else b""
            if data and request.endpoint:
                self.unread = max(0, self.unread - 1)
            self._send(host, submitted(request, status=urb.status, data=data))

        urb = Urb(
            CMD_SUBMIT,
            request.number,
            0,
            IN if request.is_in else OUT,
            request.endpoint,
            0,
            request.length,
            0,
            request.setup,
            request.data,
        )
        host.waiting.add(request.number)
        if self._device.handle_urb(urb, end) is not None:
            end(urb)

    def _unlink(self, host: _Host, request: Unlink) -> None:
        status = 0
        if request.unlinked in host.waiting:
            host.waiting.discard(request.unlinked)
            self._device.cancel_urb(request.unlinked)
            status = -errno.ECONNRESET
        self._send(host, unlinked(request, status=status))

    def _send(self, host: _Host, data: bytes) -> None:
        if host in self._hosts:
            host.stream.send(data)


class _Host:
    """A connection, what has come over it, and the transfers it waits for."""

    stream: DescriptorStream

    def __init__(self) -> None:
        self.decoder = Decoder()
        self.waiting: set[int] = set()
