"""What a device tells without being asked: card events, data, outcomes.

`to_notification` and `from_notification` are each other's inverse. Detail bytes that
no table names are kept: devices have more reasons than their manuals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.barcode import (
    BarcodeContent,
    barcode_in,
    barcode_parameters,
)
from drivers.protocol.magtek_mms.device_notices import DeviceNotice, device_notice
from drivers.protocol.magtek_mms.firmware_notices import FirmwareUpdate, firmware_notice
from drivers.protocol.magtek_mms.ids import NotificationId
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceNotice,
    interface_request,
    interface_update,
)
from drivers.protocol.magtek_mms.message import Notification, parameters_of, payload_of
from drivers.protocol.magtek_mms.pin_notices import PinNotice, pin_complete, pin_update
from drivers.protocol.tlv import Tlv


class Technology(IntEnum):
    """First detail byte of transaction notifications: how the card came."""

    NONE = 0x00
    MANUAL = 0x07
    SWIPE = 0x08
    CONTACT = 0x10
    CONTACTLESS = 0x20
    BARCODE = 0x30


class CardChange(IntEnum):
    """Second and third detail byte of 0101: what the card did."""

    SWIPED = 0x0101
    """Swiped, or keyed in where the technology is MANUAL."""
    INSERTED = 0x0102
    REMOVED = 0x0103
    DETECTED = 0x0104
    COLLISION = 0x0105


class DataKind(IntEnum):
    """Second and third detail byte of 0101 with data attached."""

    ARQC = 0x0802
    BATCH = 0x0803
    NFC_UID = 0x0804
    GPO_RESPONSE = 0x0807


class PinTrouble(IntEnum):
    """Second to fourth detail byte of 0101: why a card's PIN could not be taken."""

    PIN_PAD_ERROR = 0x020601
    ENCRYPTION_ERROR = 0x020602


class DeviceDriven(IntEnum):
    """The same where the cardholder starts or stops a sale on the device."""

    STARTED = 0x100100
    STARTED_QUICK_CHIP = 0x100101
    CANCELED = 0x100200


class Outcome(IntEnum):
    """Second and third detail byte of 0105: how the transaction ended."""

    TIMED_OUT = 0x0100
    UNDECIDED = 0x0200
    TRY_ANOTHER_INTERFACE = 0x0201
    OFFLINE_APPROVED = 0x0202
    OFFLINE_DECLINED = 0x0203
    OFFLINE_FAILED = 0x0204
    OFFLINE_NOT_ACCEPTED = 0x0205
    APPROVED = 0x0206
    DEFERRED = 0x0207
    """Quick Chip: the card is done and the host decides."""
    FAILED = 0x0208
    NOT_ACCEPTED = 0x0209
    """Or chip and device have no application in common."""
    CANCELED_BY_CARD = 0x020A
    SELECT_NEXT_NOT_ACCEPTED = 0x020B
    SELECT_NEXT = 0x020C
    TRY_AGAIN = 0x020D
    ONLINE_REQUESTED = 0x020E
    APPLICATION_ENDED = 0x020F
    NO_EMV_CARD = 0x0210
    DECLINED = 0x0280
    CANCELED_BY_HOST = 0x0301
    CANCELED_BY_CUSTOMER = 0x0302
    SWIPE_ERROR = 0x0305
    """Or a mistake in keying in."""
    COMPLETED = 0x0400
    """The card was keyed in; the host decides."""
    COMPLETED_DECLINED = 0x0407
    TAG_REMOVED = 0x0500


class OutcomeExtension(IntEnum):
    """Fourth detail byte of 0105: what is still to be done."""

    NONE = 0x00
    SIGNATURE_WANTED = 0x01
    TECHNICAL_FALLBACK = 0x02
    """The chip could not be read: try again, and the stripe at last."""
    STRIPE_FALLBACK = 0x03
    """The chip cannot be used: take the stripe."""
    SIGNATURE_AVAILABLE = 0x04
    SIGNATURE_CAPTURED = 0x05
    """It is in the batch data."""
    SIGNATURE_FAILED = 0x06


@dataclass(frozen=True, slots=True)
class CardUpdate:
    """A card came, went or collided with another."""

    technology: int
    change: CardChange
    extension: int = 0
    """For NFC tags which kind; 0 for payment cards."""

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = _detail(self.technology, self.change, self.extension)
        return Notification(NotificationId.TRANSACTION_UPDATE, detail)


@dataclass(frozen=True, slots=True)
class CardData:
    """Card data are attached; `blob` is for `card_data` or `nfc` to read."""

    technology: int
    kind: DataKind
    blob: bytes = field(repr=False)

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = _detail(self.technology, self.kind, _DATA_ATTACHED)
        return _with_blob(detail, self.blob)


@dataclass(frozen=True, slots=True)
class BarcodePresented:
    """A code was shown in place of a card; it ends the transaction."""

    kind: int
    """A BarcodeKind."""
    content: BarcodeContent = field(repr=False)

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = _detail(Technology.BARCODE, _SCANNED << 8 | self.kind, _DATA_ATTACHED)
        return _with_blob(detail, tlv.encode(barcode_parameters(self.content)))


@dataclass(frozen=True, slots=True)
class TransactionNews:
    """Something else happened to the transaction."""

    technology: int
    news: PinTrouble | DeviceDriven

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = self.technology << 24 | self.news
        return Notification(NotificationId.TRANSACTION_UPDATE, detail)


@dataclass(frozen=True, slots=True)
class TransactionComplete:
    """The device is done; `outcome` is an Outcome, or two bytes no table names."""

    technology: int
    outcome: int
    extension: int = OutcomeExtension.NONE

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = _detail(self.technology, self.outcome, self.extension)
        return Notification(NotificationId.TRANSACTION_COMPLETE, detail)


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A notification that no table names, kept whole."""

    notification: Notification

    def as_notification(self) -> Notification:
        """The notification itself."""
        return self.notification


TransactionNotice = (
    CardUpdate | CardData | BarcodePresented | TransactionNews | TransactionComplete
)
Notice = (
    TransactionNotice
    | PinNotice
    | FirmwareUpdate
    | DeviceNotice
    | InterfaceNotice
    | Unrecognised
)


def to_notification(notice: Notice) -> Notification:
    """The notification that carries `notice`."""
    return notice.as_notification()


def from_notification(notification: Notification) -> Notice:
    """What `notification` tells; raises FrameError or TlvError for a broken payload."""
    read = _READERS.get(notification.id)
    notice = None if read is None else read(notification)
    return Unrecognised(notification) if notice is None else notice


_BLOB = 0x84
_DATA_ATTACHED = 0x02
_SCANNED = 0x08

_CARD_CHANGES = frozenset(CardChange)
_DATA_KINDS = frozenset(DataKind)


def _detail(technology: int, reason: int, extension: int) -> int:
    return technology << 24 | reason << 8 | extension


def _split(detail: int) -> tuple[int, int, int]:
    return detail >> 24, detail >> 8 & 0xFFFF, detail & 0xFF


def _with_blob(detail: int, blob: bytes) -> Notification:
    id_ = NotificationId.TRANSACTION_UPDATE
    return Notification(id_, detail, payload=payload_of(id_, [Tlv(_BLOB, blob)]))


def _blob(notification: Notification) -> bytes:
    parameters = parameters_of(notification.id, notification.payload)
    blob = tlv.find_value(parameters, _BLOB)
    if blob is None:
        raise FrameError("card data are announced and absent")
    return blob


def _transaction_update(notification: Notification) -> TransactionNotice | None:
    technology, reason, extension = _split(notification.detail)
    has_data = extension == _DATA_ATTACHED
    if technology == Technology.BARCODE and reason >> 8 == _SCANNED and has_data:
        content = barcode_in(tlv.decode(_blob(notification)))
        return BarcodePresented(reason & 0xFF, content)
    if reason in _CARD_CHANGES:
        return CardUpdate(technology, CardChange(reason), extension)
    if reason in _DATA_KINDS and has_data:
        return CardData(technology, DataKind(reason), _blob(notification))
    news = notification.detail & 0xFFFFFF
    if news in set(PinTrouble):
        return TransactionNews(technology, PinTrouble(news))
    if news in set(DeviceDriven):
        return TransactionNews(technology, DeviceDriven(news))
    return None


def _transaction_complete(notification: Notification) -> TransactionNotice:
    technology, outcome, extension = _split(notification.detail)
    return TransactionComplete(technology, outcome, extension)


_READERS: Mapping[int, Callable[[Notification], Notice | None]] = {
    NotificationId.TRANSACTION_UPDATE: _transaction_update,
    NotificationId.TRANSACTION_COMPLETE: _transaction_complete,
    NotificationId.PIN_UPDATE: pin_update,
    NotificationId.PIN_COMPLETE: pin_complete,
    NotificationId.FIRMWARE_UPDATED: firmware_notice,
    NotificationId.FIRMWARE_FAILED: firmware_notice,
    NotificationId.FIRMWARE_UP_TO_DATE: firmware_notice,
    NotificationId.DEVICE_UPDATE: device_notice,
    NotificationId.INTERFACE_REQUEST: interface_request,
    NotificationId.INTERFACE_UPDATE: interface_update,
}
