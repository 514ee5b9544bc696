"""What a reader's numbers mean: how it answers, why a card failed, how a chip ended.

Numbers that no table names are kept as they are; readers know more than their manuals.
"""

from __future__ import annotations

from enum import IntEnum


class StatusCode(IntEnum):
    """Byte 11 of an answer."""

    OK = 0x00
    BAD_HEADER = 0x01
    UNKNOWN_COMMAND = 0x02
    UNKNOWN_SUB_COMMAND = 0x03
    CRC_ERROR = 0x04
    INCORRECT_PARAMETER = 0x05
    PARAMETER_UNSUPPORTED = 0x06
    MALFORMED_DATA = 0x07
    TIMED_OUT = 0x08
    FAILED = 0x0A
    COMMAND_NOT_ALLOWED = 0x0B
    SUB_COMMAND_NOT_ALLOWED = 0x0C
    BUFFER_OVERFLOW = 0x0D
    USER_INTERFACE_EVENT = 0x0E
    """Not an end: the transaction goes on."""
    NEEDS_CLEAR_FIRMWARE = 0x10
    NEEDS_ENCRYPTED_FIRMWARE = 0x11
    SECURE_INTERFACE_DOWN = 0x12
    TAMPERED = 0x1D
    ONLINE_REQUESTED = 0x23
    NO_SUCH_DATA = 0x60
    DATA_FULL = 0x61
    IN_PROGRESS = 0x63
    """Not an end: the first of two answers to a contact command (manual, 8.4.2)."""


class ErrorCode(IntEnum):
    """First byte of FFEE1F: why a contactless card could not be taken."""

    NONE = 0x00
    OUT_OF_SEQUENCE = 0x01
    USE_CONTACT = 0x02
    ZERO_AMOUNT = 0x03
    CARD_ERROR_STATUS = 0x20
    COLLISION = 0x21
    OVER_LIMIT = 0x22
    ONLINE_REQUESTED = 0x23
    CARD_COMMUNICATION = 0x24
    CARD_BLOCKED = 0x25
    CARD_EXPIRED = 0x26
    CARD_UNSUPPORTED = 0x27
    CARD_SILENT = 0x30
    CARD_DECLINED = 0x42
    """The card answered with an AAC."""
    OFFLINE_ONLY = 0x43
    """The card wants its issuer, and the reader may not ask it."""
    GENERIC = 0x62
    TORN_LOG = 0x73
    NO_MERCHANT = 0x80
    TLV_PARSE = 0x81
    MERCHANT_DATA = 0x82
    MEMORY = 0x83
    APPLICATION_SKIPPED = 0x84
    APPLICATION_VERSION = 0x85
    PRIVATE_KEY_MISSING = 0x88


class ResultCode(IntEnum):
    """DFEE25: where a contact transaction stands (ID TECH's SDK names them)."""

    APPROVED_OFFLINE = 0x0000
    DECLINED_OFFLINE = 0x0001
    APPROVED = 0x0002
    DECLINED = 0x0003
    GO_ONLINE = 0x0004
    CALL_YOUR_BANK = 0x0005
    NOT_ACCEPTED = 0x0006
    FALLBACK = 0x0007
    """The chip could not be read: the stripe may be tried."""
    TIMED_OUT = 0x0008
    STARTED = 0x0010
    """The application is selected and read; 60-11 goes on."""
    STRIPE_ONLY = 0x0011
    """The card that was swiped has no chip."""
    CANCELED = 0x0012


class KeypadState(IntEnum):
    """First byte of the second answer to 62-xx (manual, 8.24.2)."""

    OK = 0x00
    CANCELED_BY_CUSTOMER = 0x01
    CANCELED_BY_HOST = 0x02
    BAD_PARAMETER = 0x03
    PAN_ERROR = 0x04
    NO_KEY = 0x05
    KEY_EXHAUSTED = 0x06
    MESSAGE_ERROR = 0x07


NOT_THERE = frozenset(
    {
        StatusCode.UNKNOWN_COMMAND,
        StatusCode.UNKNOWN_SUB_COMMAND,
        StatusCode.COMMAND_NOT_ALLOWED,
        StatusCode.SUB_COMMAND_NOT_ALLOWED,
    }
)
"""How a reader says that it does not have a command at all."""
