"""Bluetooth LE: `ble:AA:BB:CC:DD:EE:FF`, through BlueZ as bleak speaks with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice

from drivers.errors import (
    Disconnected,
    LocalError,
    TransportError,
    TransportUnavailable,
)
from drivers.profile import Gatt
from drivers.transport.base import Transport, parse_spec
from drivers.transport.ble_bus import daemon_watched, pair
from drivers.transport.ble_reasons import (
    BLUETOOTH_ERRORS,
    reason_of,
    unavailable,
    wants_bond,
)
from drivers.transport.ble_services import characteristics_of
from drivers.transport.pipe import Inbox
from drivers.transport.radio import Radio
from drivers.wires import WireKind

_ADDRESS = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class BleTimings:
    """How long opening may take, by default for a reader that has just been switched on."""

    find_s: float = 10.0
    """Until it is heard."""
    connect_s: float = 10.0
    """From then on, until its services are known. Others wait for it meanwhile."""
    pair_s: float = 30.0
    """For pairing, where the reader demands it."""
    close_s: float = 5.0
    """For saying goodbye."""


DEFAULT_TIMINGS = BleTimings()


async def open_ble(
    spec: str, *, gatt: Gatt, radio: Radio, timings: BleTimings = DEFAULT_TIMINGS
) -> Transport:
    """Find the reader, connect, pair if it insists, and listen to it.

    Raises TransportUnavailable; RemoteError where it is not a reader with these
    services, and LocalError for a spec that is none.
    """
    address = _address(spec)
    async with AsyncExitStack() as stack:
        stack.enter_context(radio.claimed(spec, address))
        try:
            device = await _found(
                spec, address, gatt=gatt, radio=radio, timings=timings
            )
            wire = BleWire(spec, device, gatt=gatt, radio=radio, timings=timings)
            await stack.enter_async_context(daemon_watched(wire.lose_daemon))
            stack.push_async_callback(wire.disconnect)
            await wire.connect()
        except BLUETOOTH_ERRORS as error:
            raise unavailable(spec, error) from error
        wire.keep(stack.pop_all())
        return wire


class BleWire:
    """Implements Transport over one connection; made by open_ble."""

    def __init__(
        self,
        spec: str,
        device: BLEDevice,
        *,
        gatt: Gatt,
        radio: Radio,
        timings: BleTimings,
    ) -> None:
        self._spec = spec
        self._gatt = gatt
        self._radio = radio
        self._timings = timings
        self._device_path: str = device.details["path"]
        self._client = BleakClient(device, self._on_lost, bluez=radio.choice)
        self._inbox = Inbox(gatt.kind, chunk_bytes=None)
        self._closed = asyncio.Event()
        self._closed_because = ""
        self._write_to: BleakGATTCharacteristic | None = None
        self._resources = AsyncExitStack()

    @property
    def spec(self) -> str:
        """The spec string it was opened by."""
        return self._spec

    @property
    def kind(self) -> WireKind:
        """As the profile has it: single values, or a stream in pieces."""
        return self._gatt.kind

    @property
    def packet_bytes(self) -> int | None:
        """What profile and MTU allow in one value; None for a stream."""
        return None if self.kind is WireKind.STREAM else self._value_bytes

    async def read(self) -> bytes:
        """One value, or some of the stream; raises Disconnected after the last one."""
        data = await self._inbox.take()
        if data is None:
            raise self._disconnected()
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Hand over what arrives as it arrives; `read` then tells of the end."""
        self._inbox.hand_to(received)

    async def write(self, data: bytes) -> None:
        """One value, or a piece of the stream, and wait until the reader has it.

        Raises Disconnected, and LocalError for a value that is too long.
        """
        size = self._value_bytes
        if self.kind is not WireKind.STREAM:
            if len(data) > size:
                raise LocalError(
                    f"{self._spec}: {len(data)} bytes in a value of {size}"
                )
            await self._put(data)
            return
        for start in range(0, len(data), size):
            await self._put(data[start : start + size])

    async def wait_closed(self) -> None:
        """Return when the connection is gone."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Disconnect, so that the reader can be found again."""
        await self._resources.aclose()

    async def connect(self) -> None:
        """Connect and listen; raises TransportError, RemoteError or what bleak raises."""
        timings = self._timings
        async with self._radio.connecting:
            await self._within(timings.connect_s, self._client.connect())
        write, notify = characteristics_of(
            self._spec, self._client.services, self._gatt
        )
        self._write_to = write
        await asyncio.sleep(self._gatt.settle_s)
        listen = partial(self._client.start_notify, notify, self._on_value)
        await self._bonded(lambda: self._within(timings.connect_s, listen()))

    async def disconnect(self) -> None:
        """End the connection, however far it has come."""
        self._end("closed by this program")
        # A daemon that does not answer will not keep us.
        with suppress(*BLUETOOTH_ERRORS):
            async with asyncio.timeout(self._timings.close_s):
                await self._client.disconnect()

    def lose_daemon(self) -> None:
        """BlueZ is gone, and the connection with it."""
        self._end("the Bluetooth service has stopped")

    def keep(self, resources: AsyncExitStack) -> None:
        """Own what must be given back when the wire is closed."""
        self._resources = resources

    @property
    def _value_bytes(self) -> int:
        if self._write_to is None:
            return 0
        # Its name is another one, but it is what the MTU leaves for any value.
        return min(
            self._gatt.most_packet_bytes,
            self._write_to.max_write_without_response_size,
        )

    async def _put(self, value: bytes) -> None:
        characteristic = self._write_to
        if self._closed.is_set() or characteristic is None:
            raise self._disconnected()
        write = partial(
            self._client.write_gatt_char,
            characteristic,
            value,
            response="write" in characteristic.properties,
        )
        try:
            await self._bonded(write)
        except BLUETOOTH_ERRORS as error:
            self._end(reason_of(error))
            raise self._disconnected() from error

    async def _bonded(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do `step`, if need be after pairing."""
        try:
            await step()
        except BLUETOOTH_ERRORS as error:
            if not wants_bond(error):
                raise
            pairing = pair(self._device_path, passkey=self._gatt.passkey)
            await self._within(self._timings.pair_s, pairing)
            await step()

    async def _within(self, timeout_s: float, step: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await step
        except TimeoutError:
            raise TransportUnavailable(
                self._spec, f"the reader does not answer within {timeout_s:g} s"
            ) from None

    def _on_value(self, _: BleakGATTCharacteristic, value: bytearray) -> None:
        self._inbox.put(bytes(value))

    def _on_lost(self, _: BleakClient) -> None:
        self._end("the reader is gone; is it switched off or out of range?")

    def _end(self, reason: str) -> None:
        if not self._closed.is_set():
            self._closed_because = reason
            self._closed.set()
            self._inbox.close()

    def _disconnected(self) -> TransportError:
        return Disconnected(self._spec, self._closed_because)


def _address(spec: str) -> str:
    parsed = parse_spec(spec)
    address = parsed.address.upper()
    if _ADDRESS.fullmatch(address) is None or parsed.parameters:
        raise LocalError(
            f"{spec!r} needs the reader's address, such as ble:AA:BB:CC:DD:EE:FF"
        )
    return address


async def _found(
    spec: str, address: str, *, gatt: Gatt, radio: Radio, timings: BleTimings
) -> BLEDevice:
    services = [gatt.service, gatt.advertised or gatt.service]
    try:
        async with asyncio.timeout(timings.find_s):
            return await radio.find(address, services=services)
    except TimeoutError:
        raise TransportUnavailable(
            spec,
            f"not heard within {timings.find_s:g} s; is the reader on, near, and not "
            "connected elsewhere?",
        ) from None
