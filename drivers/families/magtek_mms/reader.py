"""A MagTek MMS reader, as drivers.reader wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.errors import LocalError, ReaderRefused, RemoteError
from drivers.families.magtek_mms.device import Device, Timings
from drivers.families.magtek_mms.transaction import MmsTransaction
from drivers.families.magtek_mms.translation import STRINGS, start_command
from drivers.features import NO_FEATURES, Features
from drivers.profile import Profile
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.reader import (
    DeviceNotice,
    DisplayMessage,
    ReaderInfo,
    Transaction,
    TransactionRequest,
)
from drivers.transport.base import Transport

FAMILY = "magtek_mms"


class MagTekMmsReader:
    """Implements drivers.reader.Reader."""

    def __init__(self, device: Device, info: ReaderInfo) -> None:
        self._device = device
        self._info = info
        self._is_taken = False

    @property
    def info(self) -> ReaderInfo:
        """Who the reader says it is."""
        return self._info

    @property
    def features(self) -> Features:
        """What it offers beyond taking a card."""
        return NO_FEATURES

    @property
    def notices(self) -> AsyncIterator[DeviceNotice]:
        """What it tells of itself; ends when the wire is gone."""
        return self._device.notices

    @asynccontextmanager
    async def transaction(
        self, request: TransactionRequest
    ) -> AsyncIterator[Transaction]:
        """Start a card read; leaving early cancels it and waits until the reader idles.

        A reader that will not stop is reset.
        """
        command = start_command(request)
        if self._is_taken:
            raise LocalError("a transaction is open on this reader")
        transaction = MmsTransaction(self._device, request)
        self._is_taken = True
        try:
            await self._device.start(command, transaction)
            yield transaction
        finally:
            try:
                await self._device.release()
            finally:
                self._is_taken = False

    async def display(self, message: DisplayMessage, *, seconds: int) -> None:
        """Show a stored message; 0 seconds leaves it until the next one."""
        await self._device.order(ShowMessage(seconds, STRINGS[message]))

    async def cancel(self) -> None:
        """Stop whatever runs and return when the reader is idle."""
        await self._device.make_idle()

    async def reset(self) -> None:
        """Restart the reader; it may drop off the wire and come back."""
        await self._device.reset()

    async def wait_closed(self) -> None:
        """Return when the wire is gone, for whatever reason."""
        await self._device.wait_closed()

    async def aclose(self) -> None:
        """Give the port back."""
        await self._device.aclose()


async def open_magtek_mms(
    transport: Transport, profile: Profile, *, timings: Timings
) -> MagTekMmsReader:
    """Ask whoever is on `transport` for its identity; the reader owns it then.

    Raises ReaderTimeout, ReaderRefused, RemoteError or TransportError.
    """
    device = Device(transport, timings)
    try:
        info = await _identify(device, profile)
    except BaseException:
        await device.aclose()
        raise
    return MagTekMmsReader(device, info)


async def _identify(device: Device, profile: Profile) -> ReaderInfo:
    serial_number = await device.property_value(properties.SERIAL_NUMBER)
    firmware: str | None = None
    try:
        value = await device.property_value(properties.FIRMWARE_ID)
        firmware = properties.property_text(value)
    except (ReaderRefused, RemoteError):
        # Not every model has the property; a reader works without telling.
        firmware = None
    return ReaderInfo(
        family=FAMILY,
        model=profile.name,
        serial_number=properties.serial_number_text(serial_number),
        firmware_version=firmware,
    )
