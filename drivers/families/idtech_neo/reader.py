"""An ID TECH NEO reader, as drivers.reader wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from drivers.errors import (
    FeatureUnsupported,
    LocalError,
    ReaderEncryptionOff,
    ReaderRefused,
)
from drivers.families.idtech_neo import translation
from drivers.families.idtech_neo.device import Device, Timings, data_of
from drivers.families.idtech_neo.features import features_of
from drivers.families.idtech_neo.slot import NeoSlot
from drivers.families.idtech_neo.transaction import NeoTransaction
from drivers.features import Features
from drivers.profile import Profile, profiles
from drivers.protocol.idtech_neo.basic import (
    GetEncryption,
    GetFirmwareVersion,
    GetSerialNumber,
    encryption_of,
    text_of,
)
from drivers.protocol.idtech_neo.commands import OtherCommand
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import NOT_THERE
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

FAMILY = "idtech_neo"
GET_CHIP_ID = OtherCommand(Frame(0x29, 0x17))
"""The number of its processor, for readers that were never given a serial number."""


class IdTechNeoReader:
    """Implements drivers.reader.Reader."""

    def __init__(self, device: Device, info: ReaderInfo, profile: Profile) -> None:
        self._device = device
        self._info = info
        self._profile = profile
        self._features = features_of(device, profile)
        has_slot = InputOption.INSERT in profile.capabilities.input_options
        self._slot = NeoSlot(device) if has_slot else None
        self._sent_clear_data = False

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

        Raises ReaderEncryptionOff before any card is asked for where the reader does
        not encrypt what the request lets in, or has sent card data in the clear.
        """
        options = translation.options_for(request, self._profile.capabilities)
        request = replace(request, options=options)
        if self._device.is_used:
            raise LocalError("a transaction is open on this reader")
        with self._device.used_for("a transaction"):
            await self._check_encryption(request)
            if self._device.has_restarted:
                await self._device.set_up()
            transaction = NeoTransaction(
                self._device, request, self._profile, slot=self._slot
            )
            try:
                yield transaction
            finally:
                await transaction.release()
                self._sent_clear_data |= transaction.sent_clear_data

    async def display(self, message: DisplayMessage, *, seconds: int) -> None:
        """Show a text until the next one; after `seconds` the light behind it goes out.

        Raises FeatureUnsupported where there is no display, ReaderRefused while a
        transaction runs, which a text would end.
        """
        if not self._profile.capabilities.has_display:
            raise FeatureUnsupported("the reader has no display")
        with self._device.used_for("a text"):
            await self._device.order(translation.text_of(message, seconds=seconds))

    async def cancel(self) -> None:
        """Stop whatever runs and return when the reader is idle."""
        await self._device.make_idle()

    async def reset(self) -> None:
        """Stop whatever runs and make the reader's settings anew.

        ID TECH publishes no command that restarts a reader.
        """
        await self._device.make_idle()
        await self._device.set_up()

    async def wait_closed(self) -> None:
        """Return when the wire is gone, for whatever reason."""
        await self._device.wait_closed()

    async def aclose(self) -> None:
        """Give the port back."""
        await self._device.aclose()

    async def _check_encryption(self, request: TransactionRequest) -> None:
        if self._sent_clear_data:
            raise ReaderEncryptionOff("the reader has sent card data in the clear")
        answer = await self._device.ask(GetEncryption())
        if answer.code in NOT_THERE:
            # A reader that can do no other than encrypt has no such switch.
            return
        encrypted = encryption_of(data_of(answer, GetEncryption()))
        if translation.needed_encryption(request.options) & ~encrypted:
            raise ReaderEncryptionOff("the reader would send card data in the clear")


async def open_idtech_neo(
    transport: Transport, profile: Profile, *, timings: Timings
) -> IdTechNeoReader:
    """Ask whoever is on `transport` for its identity; the reader owns it then.

    A firmware that names another model than `profile` is believed. Raises
    ReaderTimeout, ReaderRefused, ReaderTampered, RemoteError or TransportError.
    """
    device = Device(transport, timings)
    try:
        await device.wait_booted()
        firmware = text_of(await device.order(GetFirmwareVersion()))
        serial_number = await _serial_number(device)
        await device.set_up()
        actual = model_of(firmware, profile)
        info = ReaderInfo(FAMILY, actual.name, serial_number, firmware)
        return IdTechNeoReader(device, info, actual)
    except BaseException:
        await device.aclose()
        raise


def model_of(firmware: str, supposed: Profile) -> Profile:
    """The profile whose model a firmware's version names, or else the supposed one.

    Versions begin with the model, as in `VP3300 BLE NEO v1.01.151`.
    """
    squeezed = _squeezed(firmware)
    others = (each for each in profiles().values() if each.family == FAMILY)
    named = [each for each in others if _squeezed(each.model) in squeezed]
    if not named or supposed.name in {each.name for each in named}:
        return supposed
    return max(named, key=lambda each: len(each.model))


async def _serial_number(device: Device) -> str:
    try:
        return text_of(await device.order(GetSerialNumber()))
    except ReaderRefused:
        return text_of(await device.order(GET_CHIP_ID))


def _squeezed(name: str) -> str:
    return name.replace(" ", "").upper()
