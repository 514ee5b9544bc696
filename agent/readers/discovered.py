"""What discovery tells: which reader is at which port, and how far it has come. Values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.ids import ReaderId
from drivers.discovery.candidates import Candidate, WatchPorts

BOOT_LOADER = "reader_needs_firmware"
"""The problem of a reader that takes firmware and nothing else."""


class DiscoveryMethod(StrEnum):
    """How a reader is found, as the Terminal SDKs name their configurations."""

    SERIAL = "serial"
    USB = "usb"
    BLUETOOTH = "bluetooth"
    TCP = "tcp"
    """Addresses from the settings."""


SCHEMES = {
    DiscoveryMethod.SERIAL: "serial",
    DiscoveryMethod.USB: "usb",
    DiscoveryMethod.BLUETOOTH: "ble",
    DiscoveryMethod.TCP: "tcp",
}
"""How the specs and registration codes of each method begin."""


async def nothing_listed() -> list[Candidate]:
    """Of a method that finds ports only by listening."""
    return []


@dataclass(frozen=True, slots=True)
class Source:
    """One method's way to ports."""

    listed: Callable[[], Awaitable[Iterable[Candidate]]] = nothing_listed
    """Those that are there now."""
    watch: WatchPorts | None = None
    """Tells of those that come while somebody listens."""
    scan_s: float | None = None
    """How long to listen where nothing is found in another way; else None."""


class DiscoveryStep(StrEnum):
    """How far discovery has come at a port."""

    FOUND = "found"
    """A reader may be there."""
    ASKED = "asked"
    IDENTIFIED = "identified"
    FAILED = "failed"
    """Nobody answered as a reader would; `problem` says why."""
    GONE = "gone"
    """It was unplugged, or went out of range."""


@dataclass(frozen=True, slots=True)
class DiscoveredReader:
    """A reader, or a port where one may be, found on this machine."""

    registration_code: str
    method: DiscoveryMethod
    description: str
    model: str | None
    serial_number: str | None
    registered_as: ReaderId | None = None
    problem: str | None = None
    """Why it could not be asked, as an error code; None if it answered, or may yet."""


@dataclass(frozen=True, slots=True)
class DiscoveryProgress:
    """One port came one step further."""

    step: DiscoveryStep
    reader: DiscoveredReader


@dataclass(frozen=True, slots=True)
class MethodFailed:
    """Nothing is found by this method; the others go on."""

    method: DiscoveryMethod
    problem: str
    """An error's code."""
    message: str


class DiscoveryEnd(StrEnum):
    """Why discovery ended."""

    COMPLETE = "complete"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class DiscoveryEnded:
    """Nothing comes after this."""

    reason: DiscoveryEnd


DiscoveryEvent = DiscoveryProgress | MethodFailed | DiscoveryEnded
