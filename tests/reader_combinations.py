"""Every reader model on every wire it has, and how a host opens it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from drivers.profile import Port, Profile, profile_named
from drivers.wires import HID_REPORT_BYTES, WireKind
from simulator.reader.models import MODELS
from simulator.reader.wires.pipe import PipeWire
from simulator.reader.wires.wire import Wire


@dataclass(frozen=True, slots=True)
class WireType:
    """A kind of cable, in memory or real."""

    name: str
    port: Port
    """Which of a model's ports it fits."""
    kind: WireKind
    silence_s: float = 0.0
    """How long a wire through the kernel, another process or a thread must be silent
    before its peers have nothing more to say; 0 for one in memory."""

    @property
    def is_real(self) -> bool:
        """Not in memory."""
        return self.silence_s > 0


ADDRESS = "C0:DE:CA:FE:00:01"
"""Of the reader on the air."""
WIRES = (
    WireType("pipe", Port.SERIAL, WireKind.STREAM),
    WireType("hid_pipe", Port.USB, WireKind.HID),
    WireType("ble_pipe", Port.BLE, WireKind.BLE),
    WireType("pty", Port.SERIAL, WireKind.STREAM, silence_s=0.05),
    WireType("tcp", Port.SERIAL, WireKind.STREAM, silence_s=0.05),
    WireType("usbip", Port.USB, WireKind.HID, silence_s=0.15),
    WireType("ble", Port.BLE, WireKind.BLE, silence_s=0.2),
)


@dataclass(frozen=True, slots=True)
class Combination:
    """One model on one wire."""

    model: str
    wire: WireType

    @property
    def profile(self) -> Profile:
        """What the model can do."""
        return _profile(self.model)

    def __str__(self) -> str:
        return f"{self.model}-{self.wire.name}"

    def make_wire(self, name: str, folder: Path) -> str | Wire:
        """The simulator's end."""
        match self.wire.name:
            case "pty":
                return f"pty:{folder / name}"
            case "tcp":
                return "tcp:127.0.0.1:0"
            case "usbip":
                return "usbip:127.0.0.1:0"
            case "ble":
                return f"ble:{ADDRESS}"
            case _:
                return PipeWire(
                    name, kind=self._kind(), packet_bytes=self._packet_bytes()
                )

    def _kind(self) -> WireKind:
        gatt = self.profile.ble
        if self.wire.kind is WireKind.BLE and gatt is not None:
            return gatt.kind
        return self.wire.kind

    def _packet_bytes(self) -> int | None:
        match self._kind():
            case WireKind.HID:
                return HID_REPORT_BYTES
            case WireKind.BLE:
                gatt = self.profile.ble
                return None if gatt is None else gatt.most_packet_bytes
            case _:
                return None


def combinations() -> Iterator[Combination]:
    """Every model on every wire that fits one of its ports."""
    for model in MODELS:
        for wire in WIRES:
            profile = _profile(model)
            # The ids of some USB readers are not published: nobody finds those by id.
            is_nameless = wire.name == "usbip" and not profile.usb
            if wire.port in profile.ports and not is_nameless:
                yield Combination(model, wire)


def is_sampled(combination: Combination) -> bool:
    """Whether an everyday run tries it: each family once on each wire, each model once."""
    firsts = _firsts()
    return combination in firsts


@cache
def _firsts() -> frozenset[Combination]:
    by_family_and_wire: dict[tuple[str, str], Combination] = {}
    by_model: dict[str, Combination] = {}
    for each in combinations():
        by_family_and_wire.setdefault((each.profile.family, each.wire.name), each)
        by_model.setdefault(each.model, each)
    return frozenset(by_family_and_wire.values()) | frozenset(by_model.values())


@cache
def _profile(model: str) -> Profile:
    return profile_named(model)
