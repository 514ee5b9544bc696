"""What a device tells without being asked: card events, data, outcomes.

`to_notification` and `from_notification` are each other's inverse. Detail bytes that
no table names are kept: devices have more reasons than their manuals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import assert_never

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.message import (
    Notification,
    parameters_of,
    payload_of,
)
from drivers.protocol.tlv import Tlv


class NotificationId(IntEnum):
    """Source and type of the notifications this project speaks."""

    TRANSACTION_UPDATE = 0x0101
    TRANSACTION_COMPLETE = 0x0105
    DEVICE_UPDATE = 0x1001
    DISPLAY_REQUEST = 0x1803
    INTERFACE_UPDATE = 0x1805


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


class Outcome(IntEnum):
    """Second and third detail byte of 0105: how the transaction ended."""

    TIMED_OUT = 0x0100
    APPROVED = 0x0206
    DEFERRED = 0x0207
    """Quick Chip: the card is done and the host decides."""
    DECLINED = 0x0280
    CANCELED_BY_HOST = 0x0301
    CANCELED_BY_CUSTOMER = 0x0302
    SWIPE_ERROR = 0x0305
    TAG_REMOVED = 0x0500


class DeviceState(IntEnum):
    """Detail of 1001: power, and what a cardholder does to an idle reader."""

    RESTARTED = 0x00000000
    RESTARTS_SOON = 0x00010000
    BATTERY_LOW = 0x00020000
    BATTERY_CRITICAL = 0x00020100
    IDLE_TAP = 0x01000000
    IDLE_TAP_REMOVED = 0x01010000
    IDLE_INSERT = 0x01020000
    IDLE_REMOVE = 0x01030000
    IDLE_SWIPE = 0x01040000


class InterfaceEvent(IntEnum):
    """Detail of 1805: something on the screen or the loudspeaker is over."""

    SIGNATURE_READY = 0x01010101
    SIGNATURE_TIMED_OUT = 0x01010201
    MESSAGE_TIMED_OUT = 0x02010000
    SOUND_DONE = 0x05040100


@dataclass(frozen=True, slots=True)
class CardUpdate:
    """A card came, went or collided with another."""

    technology: int
    change: CardChange
    extension: int = 0
    """For NFC tags which kind; 0 for payment cards."""


@dataclass(frozen=True, slots=True)
class CardData:
    """Card data are attached; `blob` is for `card_data` to read."""

    technology: int
    kind: DataKind
    blob: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransactionComplete:
    """The device is done; `outcome` is an Outcome, or two bytes no table names."""

    technology: int
    outcome: int
    extension: int = 0


@dataclass(frozen=True, slots=True)
class DeviceUpdate:
    """The device, not a transaction: power, or a card while idle."""

    state: DeviceState


@dataclass(frozen=True, slots=True)
class DisplayRequest:
    """A device without a display asks the host to show a text.

    Its layout is not published; this is command 1803's, unverified.
    """

    seconds: int
    string_id: int


@dataclass(frozen=True, slots=True)
class InterfaceUpdate:
    """A message, sound or signature is over."""

    event: InterfaceEvent


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A notification that no table names, kept whole."""

    notification: Notification


Notice = (
    CardUpdate
    | CardData
    | TransactionComplete
    | DeviceUpdate
    | DisplayRequest
    | InterfaceUpdate
    | Unrecognised
)


def to_notification(notice: Notice) -> Notification:
    """The notification that carries `notice`."""
    match notice:
        case CardUpdate(technology, change, extension):
            detail = _detail(technology, change, extension)
            return Notification(NotificationId.TRANSACTION_UPDATE, detail)
        case CardData(technology, kind, blob):
            id_ = NotificationId.TRANSACTION_UPDATE
            payload = payload_of(id_, [Tlv(_BLOB, blob)])
            detail = _detail(technology, kind, _DATA_ATTACHED)
            return Notification(id_, detail, payload=payload)
        case TransactionComplete(technology, outcome, extension):
            detail = _detail(technology, outcome, extension)
            return Notification(NotificationId.TRANSACTION_COMPLETE, detail)
        case DeviceUpdate(state):
            return Notification(NotificationId.DEVICE_UPDATE, state)
        case DisplayRequest(seconds, string_id):
            id_ = NotificationId.DISPLAY_REQUEST
            text = [Tlv(0x81, bytes((seconds,))), Tlv(0x82, bytes((string_id,)))]
            return Notification(id_, 0, payload=payload_of(id_, text))
        case InterfaceUpdate(event):
            return Notification(NotificationId.INTERFACE_UPDATE, event)
        case Unrecognised(notification):
            return notification
        case _:
            assert_never(notice)


def from_notification(notification: Notification) -> Notice:
    """What `notification` tells; raises FrameError or TlvError for a broken payload."""
    match notification.id:
        case NotificationId.TRANSACTION_UPDATE:
            return _transaction_update(notification)
        case NotificationId.TRANSACTION_COMPLETE:
            technology, outcome, extension = _split(notification.detail)
            return TransactionComplete(technology, outcome, extension)
        case NotificationId.DEVICE_UPDATE if notification.detail in _DEVICE_STATES:
            return DeviceUpdate(DeviceState(notification.detail))
        case NotificationId.DISPLAY_REQUEST:
            return _display_request(notification)
        case NotificationId.INTERFACE_UPDATE if notification.detail in _EVENTS:
            return InterfaceUpdate(InterfaceEvent(notification.detail))
        case _:
            return Unrecognised(notification)


_BLOB = 0x84
_DATA_ATTACHED = 0x02

_CARD_CHANGES = frozenset(CardChange)
_DATA_KINDS = frozenset(DataKind)
_DEVICE_STATES = frozenset(DeviceState)
_EVENTS = frozenset(InterfaceEvent)


def _detail(technology: int, reason: int, extension: int) -> int:
    return technology << 24 | reason << 8 | extension


def _split(detail: int) -> tuple[int, int, int]:
    return detail >> 24, detail >> 8 & 0xFFFF, detail & 0xFF


def _transaction_update(notification: Notification) -> Notice:
    technology, reason, extension = _split(notification.detail)
    if reason in _CARD_CHANGES:
        return CardUpdate(technology, CardChange(reason), extension)
    if reason not in _DATA_KINDS or extension != _DATA_ATTACHED:
        return Unrecognised(notification)
    parameters = parameters_of(notification.id, notification.payload)
    blob = tlv.find_value(parameters, _BLOB)
    if blob is None:
        raise FrameError("card data are announced and absent")
    return CardData(technology, DataKind(reason), blob)


def _display_request(notification: Notification) -> Notice:
    if notification.payload is None:
        return Unrecognised(notification)
    parameters = parameters_of(notification.id, notification.payload)
    seconds = tlv.find_value(parameters, 0x81)
    string_id = tlv.find_value(parameters, 0x82)
    if seconds is None or string_id is None:
        return Unrecognised(notification)
    if not len(seconds) == len(string_id) == 1:
        return Unrecognised(notification)
    return DisplayRequest(seconds[0], string_id[0])
