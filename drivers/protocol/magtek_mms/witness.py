"""Which MMS messages may be written down, and without what.

A list of the harmless. Card data go on as ciphertext and KSN; a name, a service code, a
PIN block, a code that was scanned and the id of a tag are blanked; of what no table
names nothing is kept, nor of files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from drivers.errors import DriverError
from drivers.protocol import slip
from drivers.protocol.card_numbers import (
    masked,
    may_show_a_card_number,
    shown,
    without_card_number,
)
from drivers.protocol.magtek_mms import commands, notifications
from drivers.protocol.magtek_mms.barcode import BarcodeContent
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.card_data import (
    decode_arpc,
    decode_arqc,
    decode_batch,
    encode_arpc,
    encode_arqc,
    encode_batch,
)
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ReportSelection,
    ResetDevice,
    ResumeTransaction,
)
from drivers.protocol.magtek_mms.device_notices import (
    DeviceUpdate,
    IdleBarcode,
    IdleTag,
    IdleTouch,
)
from drivers.protocol.magtek_mms.files import DeleteFile, GetFile, GetFileInfo
from drivers.protocol.magtek_mms.firmware import CommitFirmware
from drivers.protocol.magtek_mms.firmware_notices import FirmwareUpdate
from drivers.protocol.magtek_mms.interface import (
    PlayTones,
    ReadBarcode,
    RequestSignature,
    ShowMessage,
)
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    ButtonTouched,
    ClearDisplayRequest,
    DisplayRequest,
    InterfaceUpdate,
    SelectionRequest,
    SignatureReady,
)
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Message,
    Notification,
    Request,
    Response,
    decode,
    encode,
    parameters_of,
    payload_of,
)
from drivers.protocol.magtek_mms.notifications import (
    BarcodePresented,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    TransactionComplete,
    TransactionNews,
)
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.pin import RequestCardPin, RequestPin
from drivers.protocol.magtek_mms.pin_notices import (
    PinCardUpdate,
    PinEntered,
    PinFailed,
)
from drivers.protocol.magtek_mms.properties import (
    BATTERY_PERCENT,
    CHARGER_STATUS,
    FIRMWARE_ID,
    KEY_SLOTS,
    MODEL_NAME,
    SERIAL_NUMBER,
    SIGNATURE_CONTROL,
    TRANSACTION_KEYS,
    GetProperty,
    answer_parameters,
    property_value,
)
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.redaction import SHOWN
from drivers.protocol.tlv import Tlv
from drivers.protocol.witness import Witness
from drivers.wires import WireKind


def witness(kind: WireKind, *, packet_bytes: int | None) -> Witness:
    """A witness on a wire of this kind; raises LocalError as `packets_for` does."""
    return Witness(
        host=packets_for(
            kind, packet_bytes=packet_bytes, sends=slip.Direction.TO_DEVICE
        ),
        reader=packets_for(
            kind, packet_bytes=packet_bytes, sends=slip.Direction.TO_HOST
        ),
        keep_of_host=harmless,
        keep_of_reader=harmless,
    )


def harmless(message: bytes) -> bytes | None:
    """A copy that may be kept; None for a message of which nothing may be."""
    try:
        copy = _copy(decode(message))
        return None if copy is None else encode(copy)
    except DriverError:
        # Broken, in the clear, or with values that cannot be put into bytes again.
        return None


def _copy(message: Message) -> Message | None:
    match message:
        case Request():
            return _request(message)
        case Response():
            return _response(message)
        case Notification():
            notice = notifications.from_notification(message)
            copy = _notice(notice)
            return None if copy is None else notifications.to_notification(copy)
        case DataFile():
            return None
        case _:
            assert_never(message)


_COMMANDS_KEPT = (
    CancelTransaction
    | ReportSelection
    | ResetDevice
    | RequestSignature
    | ShowMessage
    | ReadBarcode
    | PlayTones
    | RequestPin
    | RequestCardPin
    | GetProperty
    | GetFile
    | GetFileInfo
    | DeleteFile
    | CommitFirmware
)
_NOTICES_KEPT = (
    CardUpdate
    | TransactionNews
    | TransactionComplete
    | PinCardUpdate
    | PinFailed
    | FirmwareUpdate
    | IdleTouch
    | InterfaceUpdate
    | SignatureReady
    | ClearDisplayRequest
    | ButtonTouched
)
_PROPERTIES_KEPT = frozenset(
    {
        SERIAL_NUMBER,
        MODEL_NAME,
        FIRMWARE_ID,
        TRANSACTION_KEYS,
        BATTERY_PERCENT,
        CHARGER_STATUS,
        SIGNATURE_CONTROL,
        *KEY_SLOTS.values(),
    }
)
_MOST_ADDITIONAL_BYTES = 4
"""A file's type; too short for anything about a card."""


def _request(request: Request) -> Request | None:
    copy = _command(commands.from_request(request))
    return None if copy is None else commands.to_request(copy, request.reference)


def _command(command: Command) -> Command | None:
    match command:
        case StartTransaction():
            return replace(command, emv_data=tuple(map(_object, command.emv_data)))
        case ResumeTransaction():
            arpc = decode_arpc(command.arpc_blob)
            # Scripts may be a new PIN on its way to the card.
            return replace(command, arpc_blob=encode_arpc(replace(arpc, scripts=b"")))
        case _ if isinstance(command, _COMMANDS_KEPT):
            return command
        case _:
            return None


def _object(item: Tlv) -> Tlv:
    if item.children:
        return item._replace(children=tuple(map(_object, item.children)))
    return item._replace(value=shown(item.value, is_harmless=item.tag in SHOWN))


def _response(response: Response) -> Response:
    payload = response.payload
    if payload is not None:
        payload = _answer(response.command, payload)
    return replace(response, payload=payload, additional=_short(response.additional))


def _answer(command: int, payload: bytes) -> bytes:
    if command != GetProperty.id:
        return payload_of(command)
    parameters = parameters_of(command, payload)
    oid = GetProperty.from_parameters(parameters).oid
    value = property_value(parameters)
    if oid not in _PROPERTIES_KEPT:
        value = bytes(len(value))
    return payload_of(command, answer_parameters(oid, _text(value)))


def _short(additional: bytes | None) -> bytes | None:
    is_short = additional is None or len(additional) <= _MOST_ADDITIONAL_BYTES
    return additional if is_short else None


def _notice(notice: Notice) -> Notice | None:
    match notice:
        case CardData():
            blob = _blob(notice)
            return None if blob is None else replace(notice, blob=blob)
        case BarcodePresented() | BarcodeRead() | IdleBarcode():
            return replace(notice, content=_code(notice.content))
        case DisplayRequest() | SelectionRequest():
            return replace(notice, lines=tuple(map(_line, notice.lines)))
        case PinEntered(pin):
            return PinEntered(replace(pin, block=bytes(len(pin.block))))
        case DeviceUpdate():
            return replace(notice, payload=None)
        case IdleTag(kind, uid):
            return IdleTag(kind, None if uid is None else bytes(len(uid)))
        case _ if isinstance(notice, _NOTICES_KEPT):
            return notice
        case _:
            return None


def _blob(data: CardData) -> bytes | None:
    if data.kind is DataKind.ARQC:
        return _arqc(data.blob)
    if data.kind is DataKind.BATCH:
        batch = decode_batch(data.blob)
        return encode_batch(
            replace(
                batch,
                encrypted=batch.encrypted and _sealed(batch.encrypted),
                serial_number=_text(batch.serial_number),
                signature=None,
            )
        )
    return None


def _arqc(blob: bytes) -> bytes:
    arqc = decode_arqc(blob)
    track = arqc.masked_track_2
    return encode_arqc(
        replace(
            arqc,
            encrypted=_sealed(arqc.encrypted),
            serial_number=_text(arqc.serial_number),
            masked_track_2=None if track is None else masked(track),
            cardholder_name=None,
            service_code=None,
            mac_ksn=without_card_number(arqc.mac_ksn),
        )
    )


def _sealed(data: EncryptedData) -> EncryptedData:
    """What is called encrypted, and cannot be a number that somebody forgot to."""
    return replace(
        data,
        ciphertext=without_card_number(data.ciphertext),
        ksn=without_card_number(data.ksn),
    )


def _code(content: BarcodeContent) -> BarcodeContent:
    if isinstance(content, EncryptedData):
        return _sealed(content)
    return bytes(len(content))


def _line(line: str) -> str:
    suspected = may_show_a_card_number(line.encode(), is_text=True)
    return "*" * len(line) if suspected else line


def _text(value: bytes) -> bytes:
    return without_card_number(value, is_text=True)
