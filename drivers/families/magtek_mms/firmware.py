"""Firmware into a MagTek device (commands D801 and D901), and into use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from drivers.errors import ReaderRefused, TransportError
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.framing import Told
from drivers.families.magtek_mms.operation import Operation
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.firmware import CommitFirmware, LoadFirmware
from drivers.protocol.magtek_mms.firmware_notices import (
    FirmwareOutcome,
    FirmwareStep,
    FirmwareUpdate,
)


class MmsFirmwareLoader:
    """Implements drivers.features.FirmwareLoader."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def load(
        self, image: bytes, *, image_type: int, progress: Callable[[int], None]
    ) -> None:
        """Hand over the whole image; `progress` hears of bytes taken so far.

        `image_type` is an ImageType of the protocol. Returns when the device has found
        the image good; raises ReaderRefused where it does not, or has it already.
        """

        def sent(sent_bytes: int, total: int) -> None:
            progress(len(image) * sent_bytes // total)

        operation = Operation(partial(_ended, FirmwareStep.LOAD))
        device, name = self._device, _NAMES[FirmwareStep.LOAD]
        with device.use(name), device.heard_by(operation):
            await device.order(
                LoadFirmware.of(image, image_type),
                timeout_s=device.timings.firmware_s,
                on_sent=sent,
            )
            await operation.result_within(device.timings.firmware_s)

    async def activate(self, image: bytes, *, image_type: int) -> None:
        """Make the loaded image the running one; the reader drops off the wire.

        A wire that is gone after the reader agreed is no error: it is restarting. It is
        never stopped half-way, whoever stops waiting.
        """
        operation = Operation(_committed)
        device, name = self._device, _NAMES[FirmwareStep.COMMIT]
        with device.use(name), device.heard_by(operation):
            await device.order(CommitFirmware.of(image, image_type))
            with suppress(TransportError):
                await operation.result_within(device.timings.firmware_s)


_NAMES = {
    FirmwareStep.LOAD: LoadFirmware.__name__,
    FirmwareStep.COMMIT: CommitFirmware.__name__,
}


def _committed(told: Told) -> bool | None:
    if isinstance(told, DeviceUpdate) and told.state is DeviceState.RESTARTED:
        return True
    return _ended(FirmwareStep.COMMIT, told)


def _ended(step: FirmwareStep, told: Told) -> bool | None:
    match told:
        case FirmwareUpdate(about, FirmwareOutcome.DONE) if about is step:
            return True
        case FirmwareUpdate(about, outcome) if about is step:
            raise ReaderRefused(_NAMES[step], detail=f"{outcome:04X}")
        case _:
            return None
