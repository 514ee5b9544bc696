"""A simulated reader on Bluetooth LE that sends back what it gets."""

from __future__ import annotations

from dataclasses import replace

from drivers.profile import Gatt, profile_named
from drivers.wires import WireKind
from simulator.reader.wires.bluez import SimulatedBluetooth
from simulator.reader.wires.bluez_wire import DEFAULT_OPTIONS, BleOptions, BluezWire
from simulator.reader.wires.wire import Nameplate

ADDRESS = "C4:AC:59:00:00:01"
VALUES = Gatt(
    service="0cba14b7-ff24-47b0-be09-26440538530c",
    write="47f05ffa-5909-4969-bc57-250d47e874e5",
    notify="fed49118-c7e2-4a61-9ed5-e6dd65c3071b",
    name_prefix="ACME-",
)
STREAM = Gatt(
    service="49535343-fe7d-4ae5-8fa9-9fafd205e455",
    write="49535343-8841-43f4-a8d4-ecbe34729bb3",
    notify="49535343-1e4d-4bd9-ba61-23c647249616",
    advertised="00001820-0000-1000-8000-00805f9b34fb",
    kind=WireKind.STREAM,
)


class EchoReader:
    """A reader that sends every value back, and keeps those it got."""

    def __init__(self, wire: BluezWire) -> None:
        self.wire = wire
        self.received: list[bytes] = []

    @property
    def spec(self) -> str:
        """As a host opens it."""
        return self.wire.spec

    def plug(self) -> None:
        """Switch on."""
        self.wire.plug(self._on_value)

    def _on_value(self, value: bytes) -> None:
        self.received.append(value)
        self.wire.send(value)


def nameplate(gatt: Gatt | None, serial_number: str = "B000001") -> Nameplate:
    """Of a reader that is on Bluetooth like this."""
    profile = replace(profile_named("magtek_dynaprox"), ble=gatt)
    return Nameplate(profile, serial_number)


def echo_reader(
    bluetooth: SimulatedBluetooth,
    gatt: Gatt = VALUES,
    *,
    address: str = ADDRESS,
    options: BleOptions = DEFAULT_OPTIONS,
    serial_number: str = "B000001",
) -> EchoReader:
    """A reader in range, switched on."""
    shown = nameplate(gatt, serial_number)
    reader = EchoReader(bluetooth.wire(address, shown, options))
    reader.plug()
    return reader
