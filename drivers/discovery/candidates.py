"""A place where a reader may be, whatever the wire, and the news of one coming or going."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from drivers.profile import UsbId


class PortInfo(Protocol):
    """A serial port as pyserial lists it."""

    device: str
    description: str
    vid: int | None
    pid: int | None
    serial_number: str | None


ListPorts = Callable[[], Iterable[PortInfo]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port where a reader may be; nobody has asked it yet."""

    spec: str
    description: str
    usb_id: UsbId | None = None
    serial_number: str | None = None
    """What USB says of the adapter or reader; not always the reader's own."""
    model: str | None = None
    """The profile that its USB id, or what it advertises, suggests."""
    is_boot_loader: bool = False
    """It takes firmware and nothing else, until it starts again as a reader."""


@dataclass(frozen=True, slots=True)
class PortAdded:
    """A reader may be there now; it can be opened at once."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class PortRemoved:
    """What was at `spec` is gone."""

    spec: str


PortChange = PortAdded | PortRemoved
WatchPorts = Callable[[], AbstractAsyncContextManager[AsyncIterator[PortChange]]]
"""Within the context the iterator tells of every change, in order, without polling.

Entering it raises PortWatchUnavailable where nobody tells; so does the iterator, should
the news stop coming.
"""


def usb_id_of(port: PortInfo) -> UsbId | None:
    """The port's USB id, where it has one."""
    if port.vid is None or port.pid is None:
        return None
    return UsbId(port.vid, port.pid)
