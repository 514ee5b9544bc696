"""What a card is to be read for, out of the objects that a host has sent."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.errors import RemoteError
from drivers.protocol import emv
from simulator.emv.kernel import Purchase

_SIZES = {
    emv.AMOUNT_AUTHORISED: 6,
    emv.AMOUNT_OTHER: 6,
    emv.TRANSACTION_CURRENCY_CODE: 2,
    emv.TRANSACTION_TYPE: 1,
}
"""The most bytes of each (EMV Book 3, annex A)."""


def purchase_of(values: Mapping[int, bytes]) -> Purchase | None:
    """The purchase in values by tag; None where they make none."""
    if any(len(values.get(tag, b"")) > most for tag, most in _SIZES.items()):
        return None
    try:
        return Purchase(
            amount=emv.decode_numeric(values[emv.AMOUNT_AUTHORISED]),
            currency_code=emv.decode_numeric(values[emv.TRANSACTION_CURRENCY_CODE]),
            other_amount=emv.decode_numeric(values.get(emv.AMOUNT_OTHER, b"\x00")),
            transaction_type=emv.decode_numeric(
                values.get(emv.TRANSACTION_TYPE, b"\x00")
            ),
        )
    except (KeyError, RemoteError):
        return None
