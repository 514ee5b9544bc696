"""A collected card as a `card_present` PaymentMethod that Stripe has not seen yet. Pure."""

from __future__ import annotations

from agent.payments.payment import Payment
from agent.payments.shown_card import ShownCard
from agent.stripe_api.objects import JsonObject

_ADDRESS: JsonObject = dict.fromkeys(
    ("city", "country", "line1", "line2", "postal_code", "state")
)
_UNKNOWN = (
    *("brand_product", "cardholder_name", "country", "description", "fingerprint"),
    *("funding", "iin", "issuer", "networks", "offline"),
)
"""What only the issuer or Stripe could tell."""


def payment_method(payment: Payment, card: ShownCard) -> JsonObject:
    """What the reader has shown; what it has not is null, the id among it."""
    present: JsonObject = {
        **dict.fromkeys(_UNKNOWN),
        "brand": card.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "last4": card.last4,
        "preferred_locales": [],
        "read_method": payment.read_method,
    }
    return {
        "id": None,
        "object": "payment_method",
        "allow_redisplay": payment.parameters.get("allow_redisplay", "unspecified"),
        "billing_details": {
            "address": {**_ADDRESS},
            **dict.fromkeys(("email", "name", "phone", "tax_id")),
        },
        "card_present": present,
        "created": None,
        "customer": None,
        "customer_account": None,
        # A locally driven reader takes no live cards (LocalReaderInLivemode).
        "livemode": False,
        "metadata": {},
        "type": "card_present",
    }
