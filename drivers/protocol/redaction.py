"""Which data objects may be shown: a list of the harmless, never of the harmful.

PCI DSS 3.2-3.4: sensitive authentication data are never stored, cardholder data never
in the clear. An object that is not known to be harmless is shown by its size alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.protocol import emv
from drivers.protocol.tlv import Tlv, is_constructed

SENSITIVE_AUTHENTICATION_DATA = frozenset(
    {
        emv.TRACK_1_EQUIVALENT_DATA,
        emv.TRACK_2_EQUIVALENT_DATA,
        0x58,  # track 3 equivalent data
        0x5F21,  # tracks 1 to 3 as coded on the stripe
        0x5F22,
        0x5F23,
        0x99,  # PIN block
        0x9F1F,  # discretionary data of tracks 1 and 2
        0x9F20,
        0x9F60,  # CVC3 of tracks 1 and 2 (kernel 2)
        0x9F61,
        0x9F6B,  # track 2 data (kernel 2)
        0xDF812A,  # discretionary data of tracks 1 and 2 (kernel 2)
        0xDF812B,
        0xFF8105,  # data record (kernel 2)
    }
)
CARDHOLDER_DATA = frozenset(
    {
        emv.PAN,
        0x5B,  # name of an individual
        emv.CARDHOLDER_NAME,
        emv.APPLICATION_EXPIRATION_DATE,
        emv.SERVICE_CODE,
        0x5F53,  # IBAN
        0x9F0B,  # cardholder name, extended
        0xFF8101,  # torn record (kernel 2)
    }
)
_CLEAR_CARD_DATA = SENSITIVE_AUTHENTICATION_DATA | {emv.PAN}
SHOWN = frozenset(
    {
        emv.APPLICATION_IDENTIFIER_CARD,
        emv.APPLICATION_LABEL,
        emv.TRANSACTION_CURRENCY_CODE,
        emv.TRANSACTION_CURRENCY_EXPONENT,
        emv.APPLICATION_INTERCHANGE_PROFILE,
        emv.DEDICATED_FILE_NAME,
        emv.AUTHORISATION_RESPONSE_CODE,
        emv.TERMINAL_VERIFICATION_RESULTS,
        emv.TRANSACTION_DATE,
        emv.TRANSACTION_STATUS_INFORMATION,
        emv.TRANSACTION_TYPE,
        emv.AMOUNT_AUTHORISED,
        emv.AMOUNT_OTHER,
        emv.APPLICATION_IDENTIFIER_TERMINAL,
        emv.APPLICATION_PREFERRED_NAME,
        emv.TERMINAL_COUNTRY_CODE,
        emv.TRANSACTION_TIME,
        emv.CRYPTOGRAM_INFORMATION_DATA,
        emv.TERMINAL_CAPABILITIES,
        emv.CVM_RESULTS,
        emv.TERMINAL_TYPE,
        emv.APPLICATION_TRANSACTION_COUNTER,
        emv.POS_ENTRY_MODE,
        emv.TERMINAL_TRANSACTION_QUALIFIERS,
        emv.CARD_TRANSACTION_QUALIFIERS,
    }
)


def redacted(objects: Iterable[Tlv]) -> str:
    """One line for a log: harmless values as hex, of all others tag and size."""
    return " ".join(_redacted(item) for item in objects)


def has_clear_card_data(objects: Iterable[Tlv]) -> bool:
    """Whether a PAN, a track or a PIN block stands in `objects` at any depth."""
    for item in objects:
        if item.tag in _CLEAR_CARD_DATA:
            return True
        if item.children and has_clear_card_data(item.children):
            return True
    return False


def _redacted(item: Tlv) -> str:
    if is_constructed(item.tag):
        return f"{item.tag:02X}{{{redacted(item.children)}}}"
    if item.tag in SHOWN:
        return f"{item.tag:02X}={item.value.hex().upper()}"
    return f"{item.tag:02X}[{len(item.value)}]"
