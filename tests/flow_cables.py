"""What hangs on a simulated cable, and under which code an agent finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from drivers.profile import Profile, UsbId, profile_named
from drivers.wires import HID_REPORT_BYTES, WireKind
from simulator.app import DEFAULT_MODEL
from simulator.reader.wires.pipe import PipeWire

UNKNOWN = UsbId(0xFFFF, 0xFFFF)
"""Of a model whose USB id is not published: it is asked who it is."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """A reader of this model on this kind of wire."""

    model: str = DEFAULT_MODEL
    kind: WireKind = WireKind.STREAM

    def code(self, name: str) -> str:
        """The spec and registration code of the reader of that name."""
        match self.kind:
            case WireKind.STREAM:
                return f"serial:/dev/{name}"
            case WireKind.HID:
                usb_id = next(iter(self._profile.usb), UNKNOWN)
                return f"usb:{usb_id.vendor_id:04x}:{usb_id.product_id:04x}:{name}"
            case WireKind.BLE:
                return f"ble:{name}"
            case _:
                assert_never(self.kind)

    def wire(self, name: str) -> PipeWire:
        """A cable in memory, with this kind's packets."""
        match self.kind:
            case WireKind.STREAM:
                packet_bytes = None
            case WireKind.HID:
                packet_bytes = HID_REPORT_BYTES
            case WireKind.BLE:
                gatt = self._profile.ble
                packet_bytes = None if gatt is None else gatt.most_packet_bytes
            case _:
                assert_never(self.kind)
        return PipeWire(name, kind=self.kind, packet_bytes=packet_bytes)

    def __str__(self) -> str:
        return f"{self.model}-{self.kind}"

    @property
    def _profile(self) -> Profile:
        return profile_named(self.model)


DYNAPROX = Hardware()
EACH_FAMILY_ON_EACH_KIND = (
    DYNAPROX,
    Hardware("magtek_dynaflex", WireKind.HID),
    Hardware("magtek_dynaflex_ii_go", WireKind.BLE),
    Hardware("idtech_vp3300", WireKind.STREAM),
    Hardware("idtech_vp3300", WireKind.HID),
    Hardware("idtech_vp3350", WireKind.BLE),
)
