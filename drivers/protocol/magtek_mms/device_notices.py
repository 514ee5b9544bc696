"""Notification 1001: the device tells of itself, outside of any transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from drivers.protocol import tlv
from drivers.protocol.magtek_mms.barcode import (
    BarcodeContent,
    barcode_in,
    barcode_parameters,
)
from drivers.protocol.magtek_mms.fields import required
from drivers.protocol.magtek_mms.ids import NotificationId
from drivers.protocol.magtek_mms.message import Notification, parameters_of, payload_of
from drivers.protocol.magtek_mms.nfc import decode_uid, encode_uid
from drivers.protocol.tlv import Tlv


class DeviceState(IntEnum):
    """First three bytes of the detail: power, and what happens to an idle reader."""

    RESTARTED = 0x000000
    RESTARTS_SOON = 0x000100
    """For the test that PCI demands every 24 hours."""
    BATTERY_LOW = 0x000200
    BATTERY_CRITICAL = 0x000201
    """It switches itself off within a minute."""
    BATTERY_CHARGED = 0x000202
    RESTARTED_BY_HOST = 0x000300
    IDLE_TAP = 0x010000
    IDLE_TAP_REMOVED = 0x010100
    IDLE_INSERT = 0x010200
    IDLE_REMOVE = 0x010300
    IDLE_SWIPE = 0x010400
    SESSION_EXPIRES_SOON = 0x020000
    KEYS_GENERATED = 0x030000
    CERTIFICATE_EXPIRES_SOON = 0x030100
    TOO_COLD = 0x040000
    TOO_WARM = 0x040001


@dataclass(frozen=True, slots=True)
class DeviceUpdate:
    """The device, not a transaction: power, or a card while idle."""

    state: DeviceState
    extension: int = 0
    """Of BATTERY_LOW the percentage left, of a temperature its degrees (signed)."""
    payload: bytes | None = field(default=None, repr=False)

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = self.state << 8 | self.extension
        return Notification(NotificationId.DEVICE_UPDATE, detail, payload=self.payload)


@dataclass(frozen=True, slots=True)
class IdleTag:
    """An NFC tag came to the idle reader, or left it."""

    kind: int
    """A key of `nfc.TAG_KINDS`."""
    uid: bytes | None
    """None where it left."""

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        is_gone = self.uid is None
        detail = 0x01000000 | is_gone << 16 | self.kind << 8
        if self.uid is None:
            return Notification(NotificationId.DEVICE_UPDATE, detail)
        blob = (Tlv(_BLOB, encode_uid(self.uid)),)
        return _with_parameters(detail, blob)


@dataclass(frozen=True, slots=True)
class IdleTouch:
    """The idle screen was touched, or let go, here."""

    is_down: bool
    x: int
    y: int

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = _TOUCHED if self.is_down else _LET_GO
        place = self.x.to_bytes(2, "big") + self.y.to_bytes(2, "big")
        return _with_parameters(detail << 8, (Tlv(0x81, place),))


@dataclass(frozen=True, slots=True)
class IdleBarcode:
    """A code was held to the idle reader."""

    kind: int
    """A BarcodeKind."""
    content: BarcodeContent = field(repr=False)

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        return _with_parameters(
            _SCANNED << 16 | self.kind << 8, barcode_parameters(self.content)
        )


DeviceNotice = DeviceUpdate | IdleTag | IdleTouch | IdleBarcode


def device_notice(notification: Notification) -> DeviceNotice | None:
    """What a notification 1001 tells, or None where no table names it.

    Raises FrameError or TlvError for a broken payload.
    """
    state, extension = divmod(notification.detail, 0x100)
    if state in _STATES:
        payload = notification.payload
        return DeviceUpdate(DeviceState(state), extension, payload)
    reason, kind = divmod(state, 0x100)
    if reason == _TAG_LEFT:
        return IdleTag(kind, None)
    if notification.payload is None:
        return None
    parameters = parameters_of(notification.id, notification.payload)
    if reason == _TAG_CAME:
        return IdleTag(kind, decode_uid(required(parameters, _BLOB)))
    if reason == _SCANNED:
        return IdleBarcode(kind, barcode_in(parameters))
    place = tlv.find_value(parameters, 0x81)
    if state in (_TOUCHED, _LET_GO) and place is not None and len(place) == 4:
        x, y = int.from_bytes(place[:2], "big"), int.from_bytes(place[2:], "big")
        return IdleTouch(state == _TOUCHED, x, y)
    return None


_BLOB = 0x84
_TAG_CAME = 0x0100
_TAG_LEFT = 0x0101
_TOUCHED = 0x010500
_LET_GO = 0x010600
_SCANNED = 0x0107
_STATES = frozenset(DeviceState)


def _with_parameters(detail: int, parameters: tuple[Tlv, ...]) -> Notification:
    id_ = NotificationId.DEVICE_UPDATE
    return Notification(id_, detail, payload=payload_of(id_, parameters))
