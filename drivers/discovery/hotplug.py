"""News of readers plugged in and pulled out, as udev tells it, or else the kernel.

Nothing is polled and no thread waits: the news are a socket in the event loop.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drivers.discovery.candidates import PortChange
from drivers.discovery.plugged_in import PluggedIn, SystemDevice, UsbFacts
from drivers.discovery.usb_ids import UsbIds, known_usb_ids
from drivers.errors import PortWatchUnavailable
from drivers.profile import UsbId

if TYPE_CHECKING:
    import pyudev

UDEV_CONTROL = Path("/run/udev/control")
"""Is there while udevd runs."""
_MOST_NEWS_AT_ONCE = 64


class Monitor(Protocol):
    """pyudev's, as far as it is used here."""

    def filter_by(self, subsystem: str, device_type: str | None = None) -> None:
        """Tell of these devices too."""
        ...

    def start(self) -> None:
        """Begin to listen."""
        ...

    def fileno(self) -> int:
        """Readable when there is news."""
        ...

    def poll(self, timeout: float) -> pyudev.Device | None:
        """The next piece of news; raises OSError."""
        ...


class Connect(Protocol):
    """Connects to what is told by `source`, which is `udev` or `kernel`."""

    def __call__(self, context: pyudev.Context, *, source: str) -> Monitor:
        """Raises OSError."""
        ...


def connect_to_netlink(context: pyudev.Context, *, source: str) -> Monitor:
    """The system's own news."""
    import pyudev

    monitor: Monitor = pyudev.Monitor.from_netlink(context, source=source)
    return monitor


@asynccontextmanager
async def watch_ports(
    ids: UsbIds | None = None,
    *,
    udev_control: Path = UDEV_CONTROL,
    connect: Connect = connect_to_netlink,
) -> AsyncIterator[AsyncIterator[PortChange]]:
    """Tell of every serial port and USB reader that comes or goes from now on.

    What is there already is not told: list it after entering, and nothing is missed.
    `ids` replaces those of the profiles that ship. Raises PortWatchUnavailable where
    the system has no such news, or does not let this program have them.
    """
    plugged_in = PluggedIn(known_usb_ids() if ids is None else ids)
    news = _News(partial(connect, source=_source(udev_control)), plugged_in)
    changes = _Changes()
    loop = asyncio.get_running_loop()
    socket = news.fileno()
    loop.add_reader(socket, _read, news, changes)
    try:
        yield changes
    finally:
        loop.remove_reader(socket)
        changes.end()


def _source(udev_control: Path) -> str:
    # Without udevd its channel stays silent for ever. The kernel's own tells sooner,
    # before anyone has given the port to a group.
    return "udev" if udev_control.exists() else "kernel"


class _Changes:
    """The iterator over what has changed; ends with the watch."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[PortChange | None] = asyncio.Queue()
        self._failure: PortWatchUnavailable | None = None

    def put(self, changes: list[PortChange]) -> None:
        for change in changes:
            self._queue.put_nowait(change)

    def end(self, failure: PortWatchUnavailable | None = None) -> None:
        self._failure = self._failure or failure
        self._queue.put_nowait(None)

    def __aiter__(self) -> _Changes:
        return self

    async def __anext__(self) -> PortChange:
        change = await self._queue.get()
        if change is not None:
            return change
        self._queue.put_nowait(None)
        raise self._failure or StopAsyncIteration


def _read(news: _News, changes: _Changes) -> None:
    try:
        for _ in range(_MOST_NEWS_AT_ONCE):
            changed = news.take()
            if changed is None:
                return
            changes.put(changed)
    except OSError as error:
        asyncio.get_running_loop().remove_reader(news.fileno())
        changes.end(PortWatchUnavailable(error.strerror or str(error)))


class _News:
    """udev's news of serial ports and USB devices, and what they change."""

    def __init__(
        self, connect: Callable[[pyudev.Context], Monitor], plugged_in: PluggedIn
    ) -> None:
        """Listen from now on; raises PortWatchUnavailable."""
        try:
            import pyudev  # libudev takes time to load, and not every program watches

            self._context = pyudev.Context()
            self._monitor = connect(self._context)
            self._monitor.filter_by("tty")
            self._monitor.filter_by("usb", "usb_device")
            self._monitor.start()
        except (ImportError, OSError) as error:
            raise PortWatchUnavailable(_reason(error)) from error
        self._plugged_in = plugged_in
        plugged_in.replace(self._devices())

    def fileno(self) -> int:
        """Readable when there is news."""
        return self._monitor.fileno()

    def take(self) -> list[PortChange] | None:
        """What the next piece of news changes; None where there is none.

        Raises OSError where there will never be news again.
        """
        try:
            device = self._monitor.poll(timeout=0)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            # More happened at once than the socket holds: look at everything again.
            return self._plugged_in.replace(self._devices())
        if device is None:
            return None
        if device.action == "remove":
            return self._plugged_in.remove(str(device.sys_path))
        described = _described(device)
        return [] if described is None else self._plugged_in.add(described)

    def _devices(self) -> Iterator[SystemDevice]:
        for subsystem, kind in (("tty", {}), ("usb", {"DEVTYPE": "usb_device"})):
            for device in self._context.list_devices(subsystem=subsystem, **kind):
                described = _described(device)
                if described is not None:
                    yield described


def _described(device: pyudev.Device) -> SystemDevice | None:
    sys_path, node = str(device.sys_path), device.device_node
    if device.subsystem == "usb":
        return SystemDevice(sys_path, None, _usb_facts(device))
    # Terminals of windows and consoles are no ports.
    if node is None or "/devices/virtual/" in sys_path:
        return None
    parent = device.find_parent("usb", "usb_device")
    facts = None if parent is None else _usb_facts(parent)
    return SystemDevice(sys_path, str(node), facts)


def _usb_facts(device: pyudev.Device) -> UsbFacts | None:
    vendor_id, product_id, configuration, serial_number, product, number = (
        _attribute(device, name)
        for name in (
            "idVendor",
            "idProduct",
            "bConfigurationValue",
            "serial",
            "product",
            "devnum",
        )
    )
    if vendor_id is None or product_id is None:
        return None  # gone again already
    return UsbFacts(
        UsbId(int(vendor_id, 16), int(product_id, 16)),
        path=str(device.sys_name),
        number=number or "",
        serial_number=serial_number,
        product=product,
        # The kernel tells of a device first, and chooses its configuration then; once it
        # has, it tells that the device is bound to its driver.
        is_configured=configuration is not None,
    )


def _attribute(device: pyudev.Device, name: str) -> str | None:
    value = device.attributes.get(name)
    text = "" if value is None else value.decode("utf-8", "replace").strip()
    return text or None


def _reason(error: ImportError | OSError) -> str:
    if isinstance(error, ImportError):
        return "libudev is not installed (Debian package libudev1)"
    return f"the kernel's channel for it is closed to this program ({error})"
