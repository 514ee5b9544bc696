"""How a device answers a request: one status byte and three bytes of detail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class StatusCode(IntEnum):
    """The first byte. Bit 8 means that the request was not carried out."""

    DONE = 0x00
    STARTED = 0x01
    DONE_WITH_WARNINGS = 0x40
    STARTED_WITH_WARNINGS = 0x41
    FAILED_TO_START = 0x80
    FAILED = 0x81


class StatusDetail(IntEnum):
    """The other three bytes, as far as a host can do something about them."""

    OK = 0x000000
    UNSPECIFIC = 0x000002
    REQUEST_MALFORMED = 0x010102
    DEVICE_OFFLINE = 0x010109
    PIN_KEY_MISSING = 0x010110
    FEATURE_UNAVAILABLE = 0x010113
    COMMAND_FAILED = 0x020101
    PARAMETER_INVALID = 0x020102
    RESPONSE_TOO_LARGE = 0x020103
    DEVICE_LOCKED = 0x02011C
    NO_TRANSACTION = 0x020304
    CANNOT_CANCEL = 0x020305
    TRANSACTION_IN_PROGRESS = 0x020308
    WRONG_TRANSACTION_STATE = 0x02030D
    LOW_BATTERY = 0x020316


@dataclass(frozen=True, slots=True)
class Status:
    """A response's verdict; codes this module does not name are kept as they are."""

    code: int
    detail: int = StatusDetail.OK

    @property
    def is_accepted(self) -> bool:
        """Whether the device did, or began to do, what was asked."""
        return self.code < StatusCode.FAILED_TO_START

    @property
    def hex(self) -> str:
        """The four bytes for a log or an error, such as `80020308`."""
        return f"{self.code:02X}{self.detail:06X}"


DONE = Status(StatusCode.DONE)
STARTED = Status(StatusCode.STARTED)


def refused(detail: StatusDetail) -> Status:
    """The device will not start what was asked, for this reason."""
    return Status(StatusCode.FAILED_TO_START, detail)
