"""What a card is to sign of a sale or refund, as EMV data objects, for all families."""

from __future__ import annotations

from drivers.protocol import emv
from drivers.protocol.currency import currency_of, iso_amount
from drivers.protocol.tlv import Tlv


def sale_objects(
    amount: int, currency: str, *, transaction_type: int = emv.SALE
) -> tuple[Tlv, ...]:
    """A sale of `amount`, in Stripe's smallest unit of the currency, or another type.

    Without date and time, which a reader's own clock gives. Raises LocalError for an
    unknown currency, and for an amount that a card cannot sign.
    """
    known = currency_of(currency)
    signed = iso_amount(amount, currency)
    numeric = emv.encode_numeric(known.numeric, length=2)
    return (
        Tlv(emv.TRANSACTION_TYPE, emv.encode_numeric(transaction_type, length=1)),
        Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(signed)),
        Tlv(emv.AMOUNT_OTHER, emv.encode_amount(0)),
        Tlv(emv.TRANSACTION_CURRENCY_CODE, numeric),
        Tlv(emv.TRANSACTION_CURRENCY_EXPONENT, bytes((known.exponent,))),
    )
