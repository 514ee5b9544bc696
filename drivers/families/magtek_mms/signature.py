"""Signatures on the screen of a MagTek device (commands 1801 and D821)."""

from __future__ import annotations

from drivers.errors import ReaderRefused
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.framing import Told
from drivers.families.magtek_mms.operation import Operation, operate
from drivers.families.magtek_mms.seconds import require_seconds
from drivers.features import InputEnd, Signature
from drivers.protocol.magtek_mms.files import FileInfo, GetFile, check_file
from drivers.protocol.magtek_mms.interface import RequestSignature
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
    SignatureReady,
)
from drivers.protocol.magtek_mms.message import DataFile, parameters_of
from drivers.protocol.magtek_mms.signatures import decode_signature


class MmsSignaturePad:
    """Implements drivers.features.SignaturePad."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def request_signature(self, *, timeout_s: int) -> Signature | InputEnd:
        """What was drawn, or why nothing was."""
        require_seconds(timeout_s)
        with self._device.use(RequestSignature.__name__):
            return await capture_signature(self._device, timeout_s=timeout_s)


async def capture_signature(device: Device, *, timeout_s: int) -> Signature | InputEnd:
    """The same for whoever holds the device already."""
    silence_s = timeout_s + device.timings.guard_s
    end: SignatureReady | InputEnd = await operate(
        device, RequestSignature(timeout_s), _ended, timeout_s=silence_s
    )
    if isinstance(end, InputEnd):
        return end
    return decode_signature(await get_file(device, end.file_type))


async def get_file(device: Device, file_type: int) -> bytes:
    """A file of the device's; raises FrameError where it is not what was announced."""

    def arrived(told: Told) -> DataFile | None:
        if isinstance(told, DataFile) and told.file_type == file_type:
            return told
        return None

    command, operation = GetFile(file_type), Operation(arrived)
    with device.heard_by(operation):
        response = await device.order(command)
        file = await operation.result_within(device.timings.answer_s)
    parameters = parameters_of(command.id, response.payload)
    check_file(file.payload, FileInfo.from_parameters(parameters).description)
    return file.payload


def _ended(told: Told) -> SignatureReady | InputEnd | None:
    match told:
        case SignatureReady():
            return told
        case InterfaceUpdate(InterfaceEvent.SIGNATURE_TIMED_OUT):
            return InputEnd.TIMED_OUT
        case InterfaceUpdate(InterfaceEvent.SIGNATURE_CANCELED):
            return InputEnd.CANCELED_BY_CUSTOMER
        case InterfaceUpdate(InterfaceEvent.SIGNATURE_UNAVAILABLE as event):
            raise ReaderRefused(RequestSignature.__name__, detail=f"{event:08X}")
        case _:
            return None
