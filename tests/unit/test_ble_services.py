"""Where a reader's data are among the services it has on Bluetooth LE."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from echo_reader import STREAM, VALUES

from drivers.errors import RemoteError
from drivers.profile import Gatt
from drivers.transport.ble_services import characteristics_of

Properties = list[CharacteristicPropertyName]
NOTIFY: Properties = ["notify"]
WRITE: Properties = ["write", "write-without-response"]
BOTH: Properties = ["write", "notify"]
READ: Properties = ["read"]
OTHER = "00001234-0000-1000-8000-00805f9b34fb"


def services(
    *found: dict[str, Properties], uuids: tuple[str, ...] = ()
) -> BleakGATTServiceCollection:
    """A device with these characteristics in one service each."""
    collection = BleakGATTServiceCollection()
    handle = 0
    for number, characteristics in enumerate(found):
        handle += 1
        uuid = uuids[number] if number < len(uuids) else OTHER
        service = BleakGATTService(None, handle, uuid)
        collection.add_service(service)
        for each, properties in characteristics.items():
            handle += 1
            collection.add_characteristic(
                BleakGATTCharacteristic(
                    None, handle, each, properties, lambda: 20, service
                )
            )
    return collection


def chosen(device: BleakGATTServiceCollection, gatt: Gatt) -> tuple[str, str]:
    write, notify = characteristics_of("ble:", device, gatt)
    return write.uuid, notify.uuid


W, N, X = (f"0000000{number}-0000-1000-8000-00805f9b34fb" for number in (1, 2, 3))


def test_profile_decides_where_it_can() -> None:
    device = services(
        {W: WRITE, N: NOTIFY},
        {VALUES.write: WRITE, VALUES.notify: NOTIFY, X: BOTH},
        uuids=(OTHER, VALUES.service),
    )

    assert chosen(device, VALUES) == (VALUES.write, VALUES.notify)


def test_stream_is_where_one_service_has_both_ways() -> None:
    device = services({X: READ}, {W: WRITE, N: NOTIFY}, {X: NOTIFY})

    assert chosen(device, STREAM) == (W, N)


def test_what_notifies_is_not_what_is_written_to() -> None:
    device = services({W: WRITE, N: BOTH})

    assert chosen(device, STREAM) == (W, N)


@pytest.mark.parametrize(
    ("device", "gatt"),
    [
        (services({W: WRITE, N: NOTIFY}), VALUES),
        (services({W: WRITE, N: NOTIFY}, {W: WRITE, N: NOTIFY}), STREAM),
        (services({W: WRITE, N: NOTIFY, X: NOTIFY}), STREAM),
        (services({X: READ}), STREAM),
        (services(), STREAM),
        (
            services({VALUES.write: WRITE}, uuids=(VALUES.service,)),
            replace(VALUES, notify=N),
        ),
    ],
)
def test_other_devices_are_none_of_ours(
    device: BleakGATTServiceCollection, gatt: Gatt
) -> None:
    with pytest.raises(RemoteError, match="no service of such a reader"):
        characteristics_of("ble:", device, gatt)
