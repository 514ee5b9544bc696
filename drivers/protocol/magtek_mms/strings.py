"""The texts a device has stored, by number and as they read (manual, 4.3).

Free text is not accepted for a screen (PCI PTS, control of prompts).
"""

from __future__ import annotations

import re
from enum import IntEnum


class StringId(IntEnum):
    """Stored display texts: EMV's standard messages first (EMV Book 4, 11.2).

    AMOUNT, AMOUNT_OK, APPROVED and WELCOME are confirmed on devices; the others are
    unverified.
    """

    AMOUNT = 0x01
    AMOUNT_OK = 0x02
    APPROVED = 0x03
    CALL_YOUR_BANK = 0x04
    CANCEL_OR_ENTER = 0x05
    CARD_ERROR = 0x06
    DECLINED = 0x07
    ENTER_AMOUNT = 0x08
    ENTER_PIN = 0x09
    INCORRECT_PIN = 0x0A
    INSERT_CARD = 0x0B
    NOT_ACCEPTED = 0x0C
    PIN_OK = 0x0D
    PLEASE_WAIT = 0x0E
    PROCESSING_ERROR = 0x0F
    REMOVE_CARD = 0x10
    USE_CHIP_READER = 0x11
    USE_MAGSTRIPE = 0x12
    TRY_AGAIN = 0x13
    WELCOME = 0x14
    PRESENT_CARD = 0x15
    PROCESSING = 0x16
    CARD_READ_OK_REMOVE = 0x17
    INSERT_OR_SWIPE = 0x18
    PRESENT_ONE_CARD_ONLY = 0x19
    APPROVED_SIGN = 0x1A
    AUTHORISING = 0x1B
    TRY_ANOTHER_CARD = 0x1C
    INSERT_CARD_INSTEAD = 0x1D
    NONE = 0x1E
    SEE_PHONE = 0x20
    PRESENT_CARD_AGAIN = 0x21
    TAP_OR_SWIPE_CARD = 0x23
    TAP_OR_INSERT_CARD = 0x24
    TAP_INSERT_OR_SWIPE_CARD = 0x25
    TAP_CARD = 0x26
    TIMEOUT = 0x27
    TRANSACTION_TERMINATED = 0x28
    SCAN_BARCODE = 0x2A
    BARCODE_READ = 0x2B
    CANCELED = 0x2C
    TRY_ANOTHER_INTERFACE = 0x34
    NFC_TAG_DETECTED = 0x35
    ERROR_REMOVE_CARD = 0x36


def text_of(string_id: StringId) -> str:
    """The stored text, in English."""
    return _WORDED_OTHERWISE.get(string_id, string_id.name.replace("_", " "))


def string_with(text: str) -> StringId | None:
    """Which stored text reads like this, whatever its spaces and punctuation."""
    return _BY_LETTERS.get(_letters(text))


_WORDED_OTHERWISE = {
    StringId.AMOUNT_OK: "AMOUNT OK?",
    StringId.CARD_READ_OK_REMOVE: "CARD READ OK - REMOVE CARD",
    StringId.INSERT_OR_SWIPE: "INSERT OR SWIPE CARD",
    StringId.APPROVED_SIGN: "APPROVED PLEASE SIGN",
    StringId.AUTHORISING: "AUTHORIZING PLEASE WAIT",
    StringId.TRY_ANOTHER_CARD: "INSERT, SWIPE, OR TRY ANOTHER CARD",
    StringId.INSERT_CARD_INSTEAD: "PLEASE INSERT CARD",
    StringId.NONE: "",
    StringId.TAP_INSERT_OR_SWIPE_CARD: "TAP, INSERT or SWIPE CARD",
    StringId.BARCODE_READ: "BARCODE READ SUCCESSFULLY",
}


def _letters(text: str) -> str:
    return re.sub("[^A-Z]", "", text.upper())


_BY_LETTERS = {_letters(text_of(string)): string for string in reversed(StringId)}
