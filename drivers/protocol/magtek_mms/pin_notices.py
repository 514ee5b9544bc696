"""Notifications 0201 and 0205: a PIN that a host asked for outside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.protocol.magtek_mms.ids import NotificationId
from drivers.protocol.magtek_mms.message import Notification, parameters_of, payload_of
from drivers.protocol.magtek_mms.pin import EncryptedPinBlock


class PinFailure(IntEnum):
    """Last byte of 0205 without a PIN."""

    TIMED_OUT = 0x01
    NO_HARDWARE = 0x02
    CANCELED = 0x03
    ERROR = 0x04
    NOT_THE_SAME_TWICE = 0x05
    CARD_NOT_READ = 0x06


@dataclass(frozen=True, slots=True)
class PinCardUpdate:
    """A card came or went while a PIN is asked for; as CardUpdate, without its data."""

    technology: int
    change: int
    """A CardChange, or two bytes no table names."""
    extension: int = 0

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = self.technology << 24 | self.change << 8 | self.extension
        return Notification(NotificationId.PIN_UPDATE, detail)


@dataclass(frozen=True, slots=True)
class PinEntered:
    """The PIN was typed; the session stays open until the host ends it."""

    pin: EncryptedPinBlock

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        id_ = NotificationId.PIN_COMPLETE
        payload = payload_of(id_, self.pin.parameters())
        return Notification(id_, _ENTERED, payload=payload)


@dataclass(frozen=True, slots=True)
class PinFailed:
    """No PIN, for this reason."""

    reason: PinFailure

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        return Notification(NotificationId.PIN_COMPLETE, _FAILED << 8 | self.reason)


PinNotice = PinCardUpdate | PinEntered | PinFailed


def pin_update(notification: Notification) -> PinNotice | None:
    """What a notification 0201 tells."""
    detail = notification.detail
    return PinCardUpdate(detail >> 24, detail >> 8 & 0xFFFF, detail & 0xFF)


def pin_complete(notification: Notification) -> PinNotice | None:
    """What a notification 0205 tells, or None where no table names it.

    Raises FrameError or TlvError for a broken payload.
    """
    if notification.detail == _ENTERED:
        parameters = parameters_of(notification.id, notification.payload)
        return PinEntered(EncryptedPinBlock.from_parameters(parameters))
    result, reason = divmod(notification.detail, 0x100)
    if result == _FAILED and reason in set(PinFailure):
        return PinFailed(PinFailure(reason))
    return None


_ENTERED = 0x01020101
_FAILED = 0x010202
