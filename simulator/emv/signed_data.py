"""Which data objects a cryptogram covers: the same list for the chip and its issuer."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.protocol import emv
from drivers.protocol.dol import DolEntry, build
from drivers.protocol.tlv import Tlv

# EMV Book 2, 8.1.1: the recommended minimum set, then the issuer's application data.
_SIGNED = (
    DolEntry(emv.AMOUNT_AUTHORISED, 6),
    DolEntry(emv.AMOUNT_OTHER, 6),
    DolEntry(emv.TERMINAL_COUNTRY_CODE, 2),
    DolEntry(emv.TERMINAL_VERIFICATION_RESULTS, 5),
    DolEntry(emv.TRANSACTION_CURRENCY_CODE, 2),
    DolEntry(emv.TRANSACTION_DATE, 3),
    DolEntry(emv.TRANSACTION_TYPE, 1),
    DolEntry(emv.UNPREDICTABLE_NUMBER, 4),
    DolEntry(emv.APPLICATION_INTERCHANGE_PROFILE, 2),
    DolEntry(emv.APPLICATION_TRANSACTION_COUNTER, 2),
    DolEntry(emv.ISSUER_APPLICATION_DATA, 7),
)


def signed_data(objects: Iterable[Tlv]) -> bytes:
    """The message under the cryptogram; zeros for what is missing."""
    return build(_SIGNED, {item.tag: item.value for item in objects})
