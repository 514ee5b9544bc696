"""EMV data objects by their standard names, and the coding of their numbers.

Names and codings only: what may be stored or logged is in `redaction`.
"""

from __future__ import annotations

from drivers.errors import LocalError, TlvError

APPLICATION_IDENTIFIER_CARD = 0x4F
APPLICATION_LABEL = 0x50
TRACK_1_EQUIVALENT_DATA = 0x56
TRACK_2_EQUIVALENT_DATA = 0x57
PAN = 0x5A
CARDHOLDER_NAME = 0x5F20
APPLICATION_EXPIRATION_DATE = 0x5F24
TRANSACTION_CURRENCY_CODE = 0x5F2A
SERVICE_CODE = 0x5F30
PAN_SEQUENCE_NUMBER = 0x5F34
TRANSACTION_CURRENCY_EXPONENT = 0x5F36
ISSUER_SCRIPT_TEMPLATE_1 = 0x71
ISSUER_SCRIPT_TEMPLATE_2 = 0x72
APPLICATION_INTERCHANGE_PROFILE = 0x82
DEDICATED_FILE_NAME = 0x84
AUTHORISATION_RESPONSE_CODE = 0x8A
ISSUER_AUTHENTICATION_DATA = 0x91
TERMINAL_VERIFICATION_RESULTS = 0x95
TRANSACTION_DATE = 0x9A
TRANSACTION_STATUS_INFORMATION = 0x9B
TRANSACTION_TYPE = 0x9C
AMOUNT_AUTHORISED = 0x9F02
AMOUNT_OTHER = 0x9F03
APPLICATION_IDENTIFIER_TERMINAL = 0x9F06
ISSUER_APPLICATION_DATA = 0x9F10
ISSUER_CODE_TABLE_INDEX = 0x9F11
APPLICATION_PREFERRED_NAME = 0x9F12
MERCHANT_CATEGORY_CODE = 0x9F15
MERCHANT_IDENTIFIER = 0x9F16
TERMINAL_COUNTRY_CODE = 0x9F1A
TRANSACTION_TIME = 0x9F21
APPLICATION_CRYPTOGRAM = 0x9F26
CRYPTOGRAM_INFORMATION_DATA = 0x9F27
TERMINAL_CAPABILITIES = 0x9F33
CVM_RESULTS = 0x9F34
TERMINAL_TYPE = 0x9F35
APPLICATION_TRANSACTION_COUNTER = 0x9F36
UNPREDICTABLE_NUMBER = 0x9F37
POS_ENTRY_MODE = 0x9F39
TRANSACTION_SEQUENCE_COUNTER = 0x9F41
TRANSACTION_CATEGORY_CODE = 0x9F53
TERMINAL_TRANSACTION_QUALIFIERS = 0x9F66
CARD_TRANSACTION_QUALIFIERS = 0x9F6C
MERCHANT_CUSTOM_DATA = 0x9F7C

SALE = 0
"""A value of TRANSACTION_TYPE (format n): goods and services."""
REFUND = 20
"""Another: money goes back to the cardholder."""

AMOUNT_BYTES = 6


def encode_numeric(number: int, *, length: int) -> bytes:
    """Format n (EMV Book 3, 4.3): BCD, right-aligned in `length` bytes.

    Raises LocalError for a number that is negative or too long.
    """
    digits = str(number)
    if number < 0 or len(digits) > 2 * length:
        raise LocalError(f"{number} does not fit {length} bytes of format n")
    return bytes.fromhex(digits.rjust(2 * length, "0"))


def decode_numeric(data: bytes) -> int:
    """The number coded as format n; raises TlvError for a digit above 9."""
    digits = data.hex()
    if not digits.isdecimal():
        raise TlvError("a value of format n has a digit above 9")
    return int(digits)


def encode_amount(amount: int) -> bytes:
    """Minor units as AMOUNT_AUTHORISED and AMOUNT_OTHER carry them."""
    return encode_numeric(amount, length=AMOUNT_BYTES)
