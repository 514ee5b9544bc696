"""A reader on Bluetooth LE, as BlueZ shows one: heard, connected, written to.

Values are the reader's own; where its profile says that they are pieces of a stream,
they are cut here. How often it advertises and who scans is not decided here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from dbus_fast import Variant

from drivers.wires import MOST_VALUE_BYTES, WireKind
from simulator.errors import WireUnavailable
from simulator.reader.wires.bluez_objects import (
    DEVICE,
    DevicePaths,
    bluez_error,
    device_properties,
    gatt_objects,
)
from simulator.reader.wires.object_tree import ObjectTree, Properties
from simulator.reader.wires.wire import Nameplate

_ATT_HEADER_BYTES = 3
"""What the MTU holds beside a value (Core 5.4, vol 3, part F, 3.4)."""
_ADDRESS = re.compile(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")
_MTUS = range(23, 518)


class Bonding(StrEnum):
    """What the reader asks of a host before it talks to it."""

    NONE = "none"
    JUST_WORKS = "just_works"
    """Pairing without a question."""
    PASSKEY = "passkey"
    """Pairing with the passkey of its profile, or 123456."""
    REFUSED = "refused"
    """Pairing, which it then refuses: the wrong mode, or no room for another host."""


_BONDING = tuple(Bonding)


@dataclass(frozen=True, slots=True)
class BleOptions:
    """How a reader behaves on the air."""

    mtu: int = 247
    """The largest that it grants, 23 to 517."""
    bonding: Bonding = Bonding.NONE


DEFAULT_OPTIONS = BleOptions()


def parse_address(text: str) -> tuple[str, BleOptions]:
    """`AA:BB:CC:DD:EE:FF`, perhaps with `?mtu=23&bonding=passkey` behind it.

    Raises WireUnavailable.
    """
    address, _, query = text.partition("?")
    chosen = dict(parse_qsl(query, keep_blank_values=True))
    mtu = chosen.pop("mtu", str(DEFAULT_OPTIONS.mtu))
    bonding = chosen.pop("bonding", DEFAULT_OPTIONS.bonding)
    if _ADDRESS.fullmatch(address) is None:
        raise WireUnavailable(f"{address!r} is no address such as AA:BB:CC:DD:EE:FF")
    if (
        chosen
        or not mtu.isdecimal()
        or int(mtu) not in _MTUS
        or bonding not in _BONDING
    ):
        raise WireUnavailable(
            f"ble:{text} takes mtu=23 to 517 and bonding={', '.join(_BONDING)}"
        )
    return address.upper(), BleOptions(int(mtu), Bonding(bonding))


class BluezWire:
    """Implements Wire; the cable is in while the reader is switched on and in range."""

    def __init__(
        self,
        address: str,
        nameplate: Nameplate,
        *,
        tree: ObjectTree,
        options: BleOptions,
    ) -> None:
        """Raises WireUnavailable for a model without Bluetooth."""
        if nameplate.profile.ble is None:
            raise WireUnavailable(f"{nameplate.profile.name} has no Bluetooth")
        self.address = address
        self.options = options
        self._paths = DevicePaths(address)
        self._gatt = nameplate.profile.ble
        self._serial_number = nameplate.serial_number
        self._tree = tree
        self._received: Callable[[bytes], None] | None = None
        self._attempt: asyncio.Future[None] | None = None
        self._is_connected = False
        self._is_bonded = False
        self._listeners: set[str] = set()
        self._strength = -50

    @property
    def spec(self) -> str:
        """`ble:` and the address."""
        return f"ble:{self.address}"

    @property
    def path(self) -> str:
        """Where BlueZ has it."""
        return self._paths.device

    @property
    def kind(self) -> WireKind:
        """Values, or a stream in pieces, as the profile has it."""
        return self._gatt.kind

    @property
    def packet_bytes(self) -> int | None:
        """What the MTU and the reader allow; None for a stream."""
        return None if self.kind is WireKind.STREAM else self._value_bytes

    @property
    def passkey(self) -> int:
        """What it wants to hear when it is paired with `Bonding.PASSKEY`."""
        return 123456 if self._gatt.passkey is None else self._gatt.passkey

    @property
    def is_connected(self) -> bool:
        """Whether a host is connected to it."""
        return self._is_connected

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Switch on, or come back into range; a product id is nothing on the air."""
        self._received = received
        if self._attempt is not None and not self._attempt.done():
            self._attempt.set_result(None)

    def unplug(self) -> None:
        """Be gone; the host loses its connection."""
        self._received = None
        self.disconnect()

    def send(self, data: bytes) -> None:
        """A value, or pieces of a stream, to a host that listens."""
        size = self._value_bytes
        if not self._is_connected or not self._listeners:
            return
        pieces = range(0, len(data), size) if self.kind is WireKind.STREAM else (0,)
        for start in pieces:
            # A value that is too long arrives cut off (Core 5.4, vol 3, part F, 3.4.7).
            value = Variant("ay", data[start : start + size])
            self._tree.change(self._paths.notify, {"Value": value})

    def advertise(self) -> None:
        """Be heard by a host that scans, unless it is off or connected."""
        if self._received is None or self._is_connected:
            return
        # The strength is never quite the same, which is how BlueZ tells of a report.
        self._strength = -51 if self._strength == -50 else -50
        heard = {"RSSI": Variant("n", self._strength)}
        if self.path in self._tree:
            self._tree.change(self.path, heard)
        else:
            self._tree.add(self.path, DEVICE, {**self._as_device(), **heard})

    def unheard(self) -> None:
        """Nobody scans any more, or the host forgets how it was heard."""
        if self.path in self._tree:
            self._tree.drop(self.path, "RSSI")

    async def connect(self) -> None:
        """A host connects, as soon as the reader is in range; raises DBusError."""
        if self._received is None:
            self._attempt = asyncio.get_running_loop().create_future()
            await self._attempt
        if self._is_connected:
            return
        self._is_connected = True
        self._tell_device(Connected=Variant("b", True))
        for path, interface, properties in gatt_objects(
            self._paths, self._gatt, mtu=self.options.mtu
        ):
            self._tree.add(path, interface, properties)
        self._tell_device(
            UUIDs=Variant("as", [*self._advertised, self._gatt.service]),
            ServicesResolved=Variant("b", True),
        )

    def disconnect(self) -> None:
        """The connection ends, from whichever side, or the attempt to make one."""
        if self._attempt is not None and not self._attempt.done():
            self._attempt.set_exception(bluez_error("Failed", "le-connection-canceled"))
        if not self._is_connected:
            return
        self._is_connected = False
        self._listeners.clear()
        self._tell_device(ServicesResolved=Variant("b", False))
        for service in (self._paths.data, self._paths.information):
            self._tree.remove(service)
        self._tell_device(Connected=Variant("b", False))

    def bond(self) -> None:
        """Pairing has succeeded; both sides keep the key."""
        self._is_bonded = True
        self._tell_device(Paired=Variant("b", True), Bonded=Variant("b", True))

    def unbond(self) -> None:
        """The reader has lost the key, and the host notices."""
        self._is_bonded = False
        self._tell_device(Paired=Variant("b", False), Bonded=Variant("b", False))

    def forget(self) -> None:
        """The host forgets the reader and the key."""
        self.disconnect()
        self._is_bonded = False
        self._tree.remove(self.path)

    def read(self, path: str) -> bytes:
        """The value of a characteristic; raises DBusError."""
        if path != self._paths.serial_number:
            raise bluez_error("NotPermitted", "Read not permitted")
        return self._serial_number.encode()

    def write(self, path: str, value: bytes) -> None:
        """A value from the host; raises DBusError where the reader refuses it."""
        self._require_bond()
        if path != self._paths.write:
            raise bluez_error("NotPermitted", "Write not permitted")
        if len(value) > self._value_bytes:
            raise bluez_error("InvalidArguments", "Invalid Length")
        if self._received is not None:
            self._received(value)

    def start_notify(self, path: str, client: str) -> None:
        """A host listens; raises DBusError where the reader refuses it."""
        self._require_bond()
        if path != self._paths.notify:
            raise bluez_error("NotSupported", "Operation is not supported")
        self._listeners.add(client)

    def stop_notify(self, client: str) -> None:
        """A host listens no longer."""
        self._listeners.discard(client)

    @property
    def _value_bytes(self) -> int:
        most = min(self.options.mtu - _ATT_HEADER_BYTES, MOST_VALUE_BYTES)
        return min(self._gatt.most_packet_bytes, most)

    @property
    def _advertised(self) -> list[str]:
        return [self._gatt.advertised or self._gatt.service]

    def _require_bond(self) -> None:
        if self.options.bonding is not Bonding.NONE and not self._is_bonded:
            # What BlueZ makes of the reader's "insufficient authentication".
            raise bluez_error("NotPermitted", "Not paired")

    def _tell_device(self, **properties: Variant) -> None:
        if self.path in self._tree:
            self._tree.change(self.path, properties)

    def _as_device(self) -> Properties:
        prefix = self._gatt.name_prefix or "Reader-"
        return device_properties(
            self.address,
            prefix + self._serial_number[-5:],
            services=self._advertised,
            is_bonded=self._is_bonded,
        )
