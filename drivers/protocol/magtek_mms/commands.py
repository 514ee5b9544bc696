"""What a host asks of a device: each command's parameters as one value.

`to_request` and `from_request` are each other's inverse; a command without a type of
its own travels as OtherCommand. Commands that load keys, or that prove ownership of
the device (EEEE, E001), are not for a register and have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from drivers.errors import LocalError
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ReportSelection,
    ResetDevice,
    ResumeTransaction,
)
from drivers.protocol.magtek_mms.fields import Parameters
from drivers.protocol.magtek_mms.files import (
    DeleteFile,
    GetFile,
    GetFileInfo,
    SendFile,
    SendSecuredFile,
)
from drivers.protocol.magtek_mms.firmware import CommitFirmware, LoadFirmware
from drivers.protocol.magtek_mms.images import ShowBitmap, ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import (
    PlayTones,
    ReadBarcode,
    RequestSignature,
    ShowMessage,
)
from drivers.protocol.magtek_mms.message import Request, parameters_of, payload_of
from drivers.protocol.magtek_mms.nfc import PassToTag, TagCommandId
from drivers.protocol.magtek_mms.pin import RequestCardPin, RequestPin
from drivers.protocol.magtek_mms.properties import GetProperty, SetProperty
from drivers.protocol.magtek_mms.start import StartTransaction


@dataclass(frozen=True, slots=True)
class OtherCommand:
    """A command without a type of its own, kept whole."""

    command: int
    payload: bytes | None = field(repr=False)


TypedCommand = (
    StartTransaction
    | ResumeTransaction
    | CancelTransaction
    | PassToTag
    | RequestSignature
    | ReportSelection
    | ShowMessage
    | ReadBarcode
    | PlayTones
    | ShowImage
    | ShowQrCode
    | ShowBitmap
    | ResetDevice
    | RequestPin
    | RequestCardPin
    | GetProperty
    | SetProperty
    | LoadFirmware
    | SendFile
    | SendSecuredFile
    | GetFile
    | GetFileInfo
    | DeleteFile
    | CommitFirmware
)
Command = TypedCommand | OtherCommand


def to_request(command: Command, reference: int) -> Request:
    """The request that carries `command`; LocalError for a value out of its range."""
    if isinstance(command, OtherCommand):
        return Request(reference, command.command, command.payload)
    try:
        parameters = command.parameters()
    except (OverflowError, ValueError) as error:
        raise LocalError(f"{type(command).__name__}: {error}") from None
    return Request(reference, command.id, payload_of(command.id, parameters))


def from_request(request: Request) -> Command:
    """The command in `request`; raises FrameError or TlvError for a malformed one."""
    read = _READERS.get(request.command)
    if read is None:
        return OtherCommand(request.command, request.payload)
    return read(parameters_of(request.command, request.payload))


_READERS: Mapping[int, Callable[[Parameters], Command]] = {
    StartTransaction.id: StartTransaction.from_parameters,
    ResumeTransaction.id: ResumeTransaction.from_parameters,
    CancelTransaction.id: CancelTransaction.from_parameters,
    **{id_: partial(PassToTag.from_parameters, id_) for id_ in TagCommandId},
    RequestSignature.id: RequestSignature.from_parameters,
    ReportSelection.id: ReportSelection.from_parameters,
    ShowMessage.id: ShowMessage.from_parameters,
    ReadBarcode.id: ReadBarcode.from_parameters,
    PlayTones.id: PlayTones.from_parameters,
    ShowImage.id: ShowImage.from_parameters,
    ShowQrCode.id: ShowQrCode.from_parameters,
    ShowBitmap.id: ShowBitmap.from_parameters,
    ResetDevice.id: ResetDevice.from_parameters,
    RequestPin.id: RequestPin.from_parameters,
    RequestCardPin.id: RequestCardPin.from_parameters,
    GetProperty.id: GetProperty.from_parameters,
    SetProperty.id: SetProperty.from_parameters,
    LoadFirmware.id: LoadFirmware.from_parameters,
    SendFile.id: SendFile.from_parameters,
    SendSecuredFile.id: SendSecuredFile.from_parameters,
    GetFile.id: GetFile.from_parameters,
    GetFileInfo.id: GetFileInfo.from_parameters,
    DeleteFile.id: DeleteFile.from_parameters,
    CommitFirmware.id: CommitFirmware.from_parameters,
}
