"""This machine's Bluetooth: one scan for all who look, one attempt to connect at a time.

BlueZ refuses a second scan of one program, and adapters connect better one by one. So
everything of a program that uses Bluetooth shares one Radio. It loads bleak when it is
first used, since that takes a tenth of the time in which the agent starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from drivers.errors import TransportUnavailable

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.args.bluez import BlueZClientArgs
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

    Sighting = tuple[BLEDevice, AdvertisementData]
    """Who was heard, and what it said."""

STILL_THERE_S = 3.0
"""A reader heard so long ago counts as heard by whoever begins to listen now."""
_UNHEARD = -127
"""What bleak gives as the strength of a device that BlueZ knows but does not hear."""


class Radio:
    """One adapter; all methods must be called from one event loop."""

    def __init__(self, adapter: str | None = None) -> None:
        """`adapter` such as `hci1`, or the first that is switched on."""
        self.connecting = asyncio.Lock()
        """Hold it while connecting."""
        self._adapter = adapter
        self._turn = asyncio.Lock()
        self._scanner: BleakScanner | None = None
        self._listeners: set[asyncio.Queue[Sighting]] = set()
        self._heard: dict[str, tuple[float, Sighting]] = {}
        self._in_use: set[str] = set()

    @property
    def choice(self) -> BlueZClientArgs:
        """Which adapter to use, in bleak's words."""
        return {} if self._adapter is None else {"adapter": self._adapter}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Queue[Sighting]]:
        """Scan within the context; the queue gets everything that is heard.

        Raises what drivers.transport.ble_reasons.BLUETOOTH_ERRORS names.
        """
        queue: asyncio.Queue[Sighting] = asyncio.Queue()
        await self._begin(queue)
        try:
            yield queue
        finally:
            await self._end(queue)

    async def find(self, address: str, *, services: list[str]) -> BLEDevice:
        """The device of that address, as soon as it is heard.

        One with any of `services` that is connected already is found at once: it is
        silent, but a program that has died may have left it so.
        """
        from bleak import BleakAdapter

        from drivers.transport.ble_bus import is_connected

        adapter = await BleakAdapter.get(bluez=self.choice)
        for device in await adapter.get_connected_devices(services):
            is_meant = device.address.upper() == address
            if is_meant and await is_connected(device.details["path"]):
                return device
        async with self.listening() as heard:
            while True:
                device, _ = await heard.get()
                if device.address.upper() == address:
                    return device

    @contextmanager
    def claimed(self, spec: str, address: str) -> Iterator[None]:
        """Nobody else of this program uses the device; raises TransportUnavailable."""
        if address in self._in_use:
            raise TransportUnavailable(spec, "in use by this program already")
        self._in_use.add(address)
        try:
            yield
        finally:
            self._in_use.discard(address)

    async def _begin(self, queue: asyncio.Queue[Sighting]) -> None:
        from bleak import BleakScanner

        async with self._turn:
            if self._scanner is None:
                self._heard.clear()
                scanner = BleakScanner(
                    self._on_heard,
                    bluez={} if self._adapter is None else {"adapter": self._adapter},
                )
                await scanner.start()
                self._scanner = scanner
            self._listeners.add(queue)
            oldest_s = _now_s() - STILL_THERE_S
            for heard_at_s, sighting in self._heard.values():
                if heard_at_s >= oldest_s:
                    queue.put_nowait(sighting)

    async def _end(self, queue: asyncio.Queue[Sighting]) -> None:
        from drivers.transport.ble_reasons import BLUETOOTH_ERRORS

        self._listeners.discard(queue)
        async with self._turn:
            if self._listeners or self._scanner is None:
                return
            scanner, self._scanner = self._scanner, None
            # Where BlueZ is gone, so is the scan.
            with suppress(*BLUETOOTH_ERRORS):
                await scanner.stop()

    def _on_heard(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        if advertisement.rssi == _UNHEARD:
            return
        sighting = (device, advertisement)
        self._heard[device.address] = (_now_s(), sighting)
        for queue in self._listeners:
            queue.put_nowait(sighting)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
