"""A MagTek MMS reader, as drivers.reader wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.errors import LocalError
from drivers.families.magtek_mms.device import Device, Timings
from drivers.families.magtek_mms.display import Display
from drivers.families.magtek_mms.features import features_of
from drivers.families.magtek_mms.identity import identify
from drivers.families.magtek_mms.slot import MmsSlot
from drivers.families.magtek_mms.starting import options_for, start_command
from drivers.families.magtek_mms.transaction import MmsTransaction
from drivers.families.magtek_mms.translation import STRINGS
from drivers.features import Features
from drivers.profile import Profile
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.properties import SetProperty
from drivers.reader import (
    CardSlot,
    DeviceNotice,
    DisplayMessage,
    InputOption,
    ReaderInfo,
    Transaction,
    TransactionRequest,
)
from drivers.transport.base import Transport


class MagTekMmsReader:
    """Implements drivers.reader.Reader."""

    def __init__(self, device: Device, info: ReaderInfo, profile: Profile) -> None:
        self._device = device
        self._info = info
        self._capabilities = profile.capabilities
        self._display = Display(device)
        self._features = features_of(device, profile, self._display)
        self._slot = _slot_of(device, profile)

    @property
    def info(self) -> ReaderInfo:
        """Who the reader says it is."""
        return self._info

    @property
    def features(self) -> Features:
        """What it offers beyond taking a card."""
        return self._features

    @property
    def slot(self) -> CardSlot | None:
        """Its slot for chip cards; None where it has none."""
        return self._slot

    @property
    def notices(self) -> AsyncIterator[DeviceNotice]:
        """What it tells of itself; ends when the wire is gone."""
        return self._device.notices

    @asynccontextmanager
    async def transaction(
        self, request: TransactionRequest
    ) -> AsyncIterator[Transaction]:
        """Start a card read; leaving early cancels it and waits until the reader idles.

        A reader that will not stop is reset. Raises FeatureUnsupported for what this
        model lacks, before anything is sent.
        """
        options = options_for(request, self._capabilities)
        command = start_command(request, options)
        if self._device.is_in_use:
            raise LocalError(
                "a transaction is open on this reader, or a feature in use"
            )
        transaction = MmsTransaction(self._device, request, options)
        with self._device.use("a transaction"):
            self._display.keep()
            try:
                await self._device.start(command, transaction)
                yield transaction
            finally:
                await self._device.release()

    async def display(self, message: DisplayMessage, *, seconds: int) -> None:
        """Show a stored message; 0 seconds leaves it until the next one."""
        command = ShowMessage(0, STRINGS[message])
        await self._display.show(command, seconds=seconds)

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
        try:
            await self._display.aclose()
        finally:
            await self._device.aclose()


def _slot_of(device: Device, profile: Profile) -> MmsSlot | None:
    if InputOption.INSERT not in profile.capabilities.input_options:
        return None

    async def put(oid: tuple[int, ...], value: bytes) -> None:
        await device.order(SetProperty(oid, value))

    return MmsSlot(
        device.slot, get=device.property_value, put=put, restart=device.reset
    )


async def open_magtek_mms(
    transport: Transport, profile: Profile, *, timings: Timings
) -> MagTekMmsReader:
    """Ask whoever is on `transport` for its identity; the reader owns it then.

    `profile` is what the port suggests; the device's own name decides. Raises
    ReaderTimeout, ReaderRefused, RemoteError or TransportError.
    """
    device = Device(transport, timings)
    try:
        info, known = await identify(device, profile)
    except BaseException:
        await device.aclose()
        raise
    return MagTekMmsReader(device, info, known)
