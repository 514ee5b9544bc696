"""Notifications 0905 to 0907: how loading or committing firmware ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.protocol.magtek_mms.ids import NotificationId
from drivers.protocol.magtek_mms.message import Notification


class FirmwareStep(IntEnum):
    """Third byte of the detail: which command it is about."""

    LOAD = 0x09
    COMMIT = 0x0A


class FirmwareOutcome(IntEnum):
    """The notification itself says how it went."""

    DONE = NotificationId.FIRMWARE_UPDATED
    FAILED = NotificationId.FIRMWARE_FAILED
    UP_TO_DATE = NotificationId.FIRMWARE_UP_TO_DATE
    """The device has this image already."""


@dataclass(frozen=True, slots=True)
class FirmwareUpdate:
    """An image was loaded, or put into use, or not."""

    step: FirmwareStep
    outcome: FirmwareOutcome

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        is_failure = self.outcome is FirmwareOutcome.FAILED
        last = _FAILED if is_failure else _COMPLETE
        return Notification(self.outcome, _FILES << 16 | self.step << 8 | last)


def firmware_notice(notification: Notification) -> FirmwareUpdate | None:
    """What such a notification tells, or None where no table names it."""
    about, last = divmod(notification.detail, 0x100)
    files, step = divmod(about, 0x100)
    if files != _FILES or step not in set(FirmwareStep):
        return None
    update = FirmwareUpdate(FirmwareStep(step), FirmwareOutcome(notification.id))
    is_failure = update.outcome is FirmwareOutcome.FAILED
    return update if last == (_FAILED if is_failure else _COMPLETE) else None


_FILES = 0x0801
_COMPLETE = 0x03
_FAILED = 0x04
