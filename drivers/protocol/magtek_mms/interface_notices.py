"""Notifications 1803 and 1805: what screens ask for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from drivers.protocol import tlv
from drivers.protocol.magtek_mms.barcode import (
    BarcodeContent,
    barcode_in,
    barcode_parameters,
)
from drivers.protocol.magtek_mms.fields import number_of
from drivers.protocol.magtek_mms.files import SIGNATURE_FILE
from drivers.protocol.magtek_mms.ids import NotificationId
from drivers.protocol.magtek_mms.message import Notification, parameters_of, payload_of
from drivers.protocol.tlv import Tlv


class InterfaceEvent(IntEnum):
    """Detail of 1805 that needs no more words."""

    SIGNATURE_TIMED_OUT = 0x01010201
    SIGNATURE_UNAVAILABLE = 0x01010202
    SIGNATURE_CANCELED = 0x01010203
    """Unverified: as the other inputs have it."""
    MESSAGE_TIMED_OUT = 0x02010000
    """A message or picture with a time was shown for it."""
    BARCODE_TIMED_OUT = 0x04030201
    SOUND_DONE = 0x05040100
    SOUND_FAILED = 0x05040200


@dataclass(frozen=True, slots=True)
class InterfaceUpdate:
    """Something on the screen, the scanner or the loudspeaker is over."""

    event: InterfaceEvent

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        return Notification(NotificationId.INTERFACE_UPDATE, self.event)


@dataclass(frozen=True, slots=True)
class SignatureReady:
    """The cardholder signed; the drawing is in this file."""

    file_type: int = SIGNATURE_FILE

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        return Notification(
            NotificationId.INTERFACE_UPDATE,
            _SIGNED,
            additional=self.file_type.to_bytes(4, "big"),
        )


@dataclass(frozen=True, slots=True)
class BarcodeRead:
    """The scanner that a host switched on has read a code."""

    kind: int
    """A BarcodeKind."""
    content: BarcodeContent = field(repr=False)

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        id_ = NotificationId.INTERFACE_UPDATE
        payload = payload_of(id_, barcode_parameters(self.content))
        return Notification(id_, _SCANNED << 8 | self.kind, payload=payload)


@dataclass(frozen=True, slots=True)
class DisplayRequest:
    """A device without a display asks the host to show these lines."""

    lines: tuple[str, ...]
    is_appended: bool = False
    may_cancel: bool = False
    """Whether the cardholder may stop the transaction at this point."""

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = _SHOW_CANCELABLE if self.may_cancel else _SHOW
        return _question(detail, 0, self.lines, self.is_appended)


@dataclass(frozen=True, slots=True)
class ClearDisplayRequest:
    """A device without a display asks the host to clear its own."""

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        return Notification(NotificationId.INTERFACE_REQUEST, _CLEAR)


@dataclass(frozen=True, slots=True)
class SelectionRequest:
    """A device without a display asks the host to let the cardholder choose.

    The answer is command ReportSelection.
    """

    timeout_s: int
    lines: tuple[str, ...]
    """The title, then one line a choice."""
    is_appended: bool = False

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        return _question(_CHOOSE, self.timeout_s, self.lines, self.is_appended)


@dataclass(frozen=True, slots=True)
class ButtonTouched:
    """A button that the host had put on the screen was touched."""

    group: int
    """2 at the foot of the page, 3 of texts, 4 of amounts, 5 beside the card prompt."""
    number: int

    def as_notification(self) -> Notification:
        """The notification that carries it."""
        detail = 0x01000000 | self.group << 16 | self.number << 8
        return Notification(NotificationId.INTERFACE_REQUEST, detail)


InterfaceNotice = (
    InterfaceUpdate
    | SignatureReady
    | BarcodeRead
    | DisplayRequest
    | ClearDisplayRequest
    | SelectionRequest
    | ButtonTouched
)


def interface_request(notification: Notification) -> InterfaceNotice | None:
    """What a notification 1803 asks for, or None where no table names it."""
    detail = notification.detail
    if detail == _CLEAR:
        return ClearDisplayRequest()
    if detail in (_SHOW, _SHOW_CANCELABLE, _CHOOSE) and notification.payload:
        return _request_of(detail, parameters_of(notification.id, notification.payload))
    module, group, button, last = detail.to_bytes(4, "big")
    if module == _TOUCHSCREEN and group in _BUTTON_GROUPS and last == 0:
        return ButtonTouched(group, button)
    return None


def interface_update(notification: Notification) -> InterfaceNotice | None:
    """What a notification 1805 tells, or None where no table names it."""
    if notification.detail in _EVENTS:
        return InterfaceUpdate(InterfaceEvent(notification.detail))
    if notification.detail == _SIGNED:
        named = notification.additional
        file_type = SIGNATURE_FILE if named is None else int.from_bytes(named, "big")
        return SignatureReady(file_type)
    result, kind = divmod(notification.detail, 0x100)
    if result == _SCANNED and notification.payload is not None:
        parameters = parameters_of(notification.id, notification.payload)
        return BarcodeRead(kind, barcode_in(parameters))
    return None


_TOUCHSCREEN = 0x01
_BUTTON_GROUPS = range(2, 6)
_CLEAR = 0x02010000
_SHOW = 0x02010100
_SHOW_CANCELABLE = 0x02010200
_CHOOSE = 0x02020000
_SIGNED = 0x01010101
_SCANNED = 0x040301
_EVENTS = frozenset(InterfaceEvent)
_LINE_ENDS = "\n\x00"


def _question(
    detail: int, timeout_s: int, lines: tuple[str, ...], is_appended: bool
) -> Notification:
    id_ = NotificationId.INTERFACE_REQUEST
    text = "\n".join(lines).encode("ascii", "replace") + b"\x00"
    parameters = (
        number_of(0x81, timeout_s),
        number_of(0x82, not is_appended),
        Tlv(0x83, text),
    )
    return Notification(id_, detail, payload=payload_of(id_, parameters))


def _request_of(detail: int, parameters: tuple[Tlv, ...]) -> InterfaceNotice | None:
    text = tlv.find_value(parameters, 0x83)
    if text is None:
        return None
    is_appended = tlv.find_value(parameters, 0x82) == b"\x00"
    lines = tuple(_lines(text.decode("ascii", "replace")))
    if detail == _CHOOSE:
        timeout_s = int.from_bytes(tlv.find_value(parameters, 0x81) or b"", "big")
        return SelectionRequest(timeout_s, lines, is_appended)
    return DisplayRequest(lines, is_appended, may_cancel=detail == _SHOW_CANCELABLE)


def _lines(text: str) -> list[str]:
    for end in _LINE_ENDS:
        text = text.replace(end, "\n")
    return text.removesuffix("\n").split("\n")
