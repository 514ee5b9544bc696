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
    """The other three bytes (manual, 3.3.2)."""

    OK = 0x000000
    UNSPECIFIC = 0x000002
    CLOCK_NOT_SET = 0x000010
    ALARM_NOT_SET = 0x000011
    KEY_NOT_GENERATED = 0x000012
    TAMPER_SETTING_LOCKED = 0x000013
    TAMPER_SETTING_NEEDS_RESET = 0x000014
    TAMPER_NOT_CLEARED = 0x000015
    TAMPERED = 0x000016
    MESSAGE_FAILED = 0x010101
    REQUEST_MALFORMED = 0x010102
    DEVICE_OFFLINE = 0x010109
    PIN_KEY_MISSING = 0x010110
    FEATURE_UNAVAILABLE = 0x010113
    COMMAND_FAILED = 0x020101
    PARAMETER_INVALID = 0x020102
    RESPONSE_TOO_LARGE = 0x020103
    INTERNAL_FAILURE = 0x020107
    IMAGE_FAILURE = 0x02010A
    NO_SUCH_KEY = 0x020119
    NOT_SECURED = 0x02011A
    PASSCODE_WRONG = 0x02011B
    DEVICE_LOCKED = 0x02011C
    NO_TRANSACTION = 0x020304
    CANNOT_CANCEL = 0x020305
    TRANSACTION_IN_PROGRESS = 0x020308
    SIGNATURE_NOT_ALLOWED = 0x02030C
    WRONG_TRANSACTION_STATE = 0x02030D
    NO_PIN_SESSION = 0x02030E
    """And the next: a PIN is asked for in the wrong state."""
    PIN_IN_PROGRESS = 0x02030F
    BARCODE_IN_PROGRESS = 0x020311
    NO_PASS_THROUGH = 0x020312
    DISPLAY_BUSY = 0x020314
    BUZZER_BUSY = 0x020315
    LOW_BATTERY = 0x020316
    """At 5 % or less nothing is started."""
    NO_SCANNER = 0x020413
    KEY_NOT_DECRYPTED = 0x020513
    MAC_NOT_COMPUTED = 0x020514
    KEY_DERIVATION_FAILED = 0x020516
    KEY_CHECK_VALUE_WRONG = 0x02051F
    KEY_DATA_INVALID = 0x020520
    DUKPT_DERIVATION_INVALID = 0x020521
    EXPORTABILITY_INVALID = 0x020522
    KEY_CLASS_INVALID = 0x020523
    DEVICE_NUMBER_INVALID = 0x020524
    CHALLENGE_INVALID = 0x020525


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
