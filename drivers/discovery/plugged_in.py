"""What is plugged in, and what each piece of news changes in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.discovery.candidates import (
    Candidate,
    PortAdded,
    PortChange,
    PortRemoved,
)
from drivers.discovery.usb_ids import UsbIds, usb_candidate
from drivers.profile import UsbId
from drivers.transport.usb_address import UsbAddress


@dataclass(frozen=True, slots=True)
class UsbFacts:
    """What the system knows of a USB device."""

    usb_id: UsbId
    path: str
    """Bus and ports, such as `1-4.2`."""
    number: str
    """Another one after each plugging in."""
    serial_number: str | None = None
    product: str | None = None
    is_configured: bool = True
    """Until it is, nothing but its descriptors can be asked for."""


@dataclass(frozen=True, slots=True)
class SystemDevice:
    """A serial port or a USB device, as the system has it."""

    sys_path: str
    serial_port: str | None
    """The port's path; None is the USB device itself."""
    usb: UsbFacts | None
    """For a serial port, the device it is on."""


@dataclass(frozen=True, slots=True)
class _Kept:
    device: SystemDevice
    candidate: Candidate


class PluggedIn:
    """The ports that are there now, by where the system keeps them."""

    def __init__(self, ids: UsbIds) -> None:
        """Nothing is plugged in yet."""
        self._ids = ids
        self._kept: dict[str, _Kept] = {}

    def add(self, device: SystemDevice) -> list[PortChange]:
        """Something is there; nothing changes where that was known."""
        kept = self._kept.get(device.sys_path)
        if kept is not None and _is_same(kept.device, device):
            return []
        changes = self.remove(device.sys_path)
        candidate = self._candidate(device)
        if candidate is not None:
            self._kept[device.sys_path] = _Kept(device, candidate)
            changes.append(PortAdded(candidate))
        return changes

    def remove(self, sys_path: str) -> list[PortChange]:
        """Something is gone."""
        kept = self._kept.pop(sys_path, None)
        return [] if kept is None else [PortRemoved(kept.candidate.spec)]

    def replace(self, devices: Iterable[SystemDevice]) -> list[PortChange]:
        """After news was lost: this is all there is, what else was known is gone."""
        there = {device.sys_path: device for device in devices}
        changes: list[PortChange] = []
        for sys_path in self._kept.keys() - there.keys():
            changes += self.remove(sys_path)
        for device in there.values():
            changes += self.add(device)
        return changes

    def _candidate(self, device: SystemDevice) -> Candidate | None:
        usb = device.usb
        if device.serial_port is not None:
            usb_id = None if usb is None else usb.usb_id
            return Candidate(
                f"serial:{device.serial_port}",
                (usb and usb.product) or "serial port",
                usb_id=usb_id,
                serial_number=None if usb is None else usb.serial_number,
                model=self._ids.model_of(usb_id),
            )
        if usb is None or not usb.is_configured:
            return None
        by_serial_number = UsbAddress(usb.usb_id, usb.serial_number)
        by_path = UsbAddress(usb.usb_id, path=usb.path)
        named = usb_candidate(by_serial_number, ids=self._ids, product=usb.product)
        if named is None or (usb.serial_number and not self._is_taken(named.spec)):
            return named
        return usb_candidate(by_path, ids=self._ids, product=usb.product)

    def _is_taken(self, spec: str) -> bool:
        return any(kept.candidate.spec == spec for kept in self._kept.values())


def _is_same(one: SystemDevice, other: SystemDevice) -> bool:
    return one.serial_port == other.serial_port and one.usb == other.usb
