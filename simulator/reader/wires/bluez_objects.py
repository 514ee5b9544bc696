"""What BlueZ's objects are called and what stands in them, as its D-Bus API has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dbus_fast import DBusError, Variant

from drivers.wires import WireKind

if TYPE_CHECKING:
    from drivers.profile import Gatt
    from simulator.reader.wires.object_tree import Properties

BLUEZ = "org.bluez"
ADAPTER = f"{BLUEZ}.Adapter1"
DEVICE = f"{BLUEZ}.Device1"
SERVICE = f"{BLUEZ}.GattService1"
CHARACTERISTIC = f"{BLUEZ}.GattCharacteristic1"
AGENT = f"{BLUEZ}.Agent1"

ADAPTER_PATH = "/org/bluez/hci0"
DBUS = "org.freedesktop.DBus"

_INFORMATION_SERVICE = "0000180a-0000-1000-8000-00805f9b34fb"
_SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"


class DevicePaths:
    """Where the objects of one device are."""

    def __init__(self, address: str) -> None:
        self.device = f"{ADAPTER_PATH}/dev_{address.replace(':', '_')}"
        self.information = f"{self.device}/service0001"
        self.serial_number = f"{self.information}/char0002"
        self.data = f"{self.device}/service000a"
        self.write = f"{self.data}/char000b"
        self.notify = f"{self.data}/char000d"


def adapter_properties() -> Properties:
    """An adapter that is switched on."""
    return {
        "Address": Variant("s", "00:11:22:33:44:55"),
        "Name": Variant("s", "simulated"),
        "Alias": Variant("s", "simulated"),
        "Powered": Variant("b", True),
        "Discovering": Variant("b", False),
        "Roles": Variant("as", ["central", "peripheral"]),
        "UUIDs": Variant("as", []),
    }


def device_properties(
    address: str, name: str, *, services: Sequence[str], is_bonded: bool
) -> Properties:
    """A device that was heard, but is not connected."""
    return {
        "Adapter": Variant("o", ADAPTER_PATH),
        "Address": Variant("s", address),
        "AddressType": Variant("s", "public"),
        "Alias": Variant("s", name),
        "Name": Variant("s", name),
        "UUIDs": Variant("as", list(services)),
        "Paired": Variant("b", is_bonded),
        "Bonded": Variant("b", is_bonded),
        "Trusted": Variant("b", False),
        "Connected": Variant("b", False),
        "ServicesResolved": Variant("b", False),
    }


def gatt_objects(
    paths: DevicePaths, gatt: Gatt, *, mtu: int
) -> Iterator[tuple[str, str, Properties]]:
    """Path, interface and properties of all that a connected reader has, in order."""
    writing = ["write"]
    if gatt.kind is WireKind.STREAM:
        writing.append("write-without-response")
    services = (
        (paths.information, _INFORMATION_SERVICE),
        (paths.data, gatt.service),
    )
    for path, uuid in services:
        yield (
            path,
            SERVICE,
            {
                "UUID": Variant("s", uuid),
                "Device": Variant("o", paths.device),
                "Primary": Variant("b", True),
            },
        )
    characteristics = (
        (paths.serial_number, _SERIAL_NUMBER, ["read"]),
        (paths.write, gatt.write, writing),
        (paths.notify, gatt.notify, ["notify"]),
    )
    for path, uuid, flags in characteristics:
        yield (
            path,
            CHARACTERISTIC,
            {
                "UUID": Variant("s", uuid),
                "Service": Variant("o", path.rpartition("/")[0]),
                "Flags": Variant("as", flags),
                "MTU": Variant("q", mtu),
            },
        )


def bluez_error(name: str, text: str) -> DBusError:
    """A refusal in BlueZ's words."""
    return DBusError(f"{BLUEZ}.Error.{name}", text)


def dbus_error(name: str, text: str) -> DBusError:
    """A refusal in the words of D-Bus itself."""
    return DBusError(f"{DBUS}.Error.{name}", text)
