"""Which characteristics of a connected reader carry its data. Pure."""

from __future__ import annotations

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection

from drivers.errors import RemoteError
from drivers.profile import Gatt
from drivers.wires import WireKind


def characteristics_of(
    spec: str, services: BleakGATTServiceCollection, gatt: Gatt
) -> tuple[BleakGATTCharacteristic, BleakGATTCharacteristic]:
    """Where to write and where to listen, as the profile says; raises RemoteError.

    Bluetooth modules that carry a stream have it under various ids: then it is the one
    service that has just these two characteristics.
    """
    service = services.get_service(gatt.service)
    if service is not None:
        write = service.get_characteristic(gatt.write)
        notify = service.get_characteristic(gatt.notify)
        if write is not None and notify is not None:
            return write, notify
    if gatt.kind is WireKind.STREAM:
        fitting = [pair for each in services if (pair := _write_and_notify(each))]
        if len(fitting) == 1:
            return fitting[0]
    raise RemoteError(f"{spec}: has no service of such a reader")


def _write_and_notify(
    service: BleakGATTService,
) -> tuple[BleakGATTCharacteristic, BleakGATTCharacteristic] | None:
    notify = [each for each in service.characteristics if _can(each, "notify")]
    # Some can be written to as well, for flow control that nobody here speaks.
    others = [each for each in service.characteristics if each not in notify]
    write = [each for each in others if _can(each, "write")]
    if len(write) != 1 or len(notify) != 1:
        return None
    return write[0], notify[0]


def _can(characteristic: BleakGATTCharacteristic, way: str) -> bool:
    return any(each.startswith(way) for each in characteristic.properties)
