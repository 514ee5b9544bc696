"""Generated cards: what stays of a present card to be charged again, online."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import CardPresentDetails
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    blank_payment_method,
)


class GeneratedFrom(TypedDict):
    """Stripe's `card.generated_from`: exactly one of charge and setup attempt."""

    charge: str | None
    payment_method_details: Mapping[str, Any]
    setup_attempt: str | None


@dataclass(frozen=True, slots=True)
class Reuse:
    """For whom and how a generated card may be used again."""

    customer: str | None
    """It is attached to this one at once."""
    allow_redisplay: str = "unspecified"


def add_generated_card(
    call: Call,
    details: CardPresentDetails,
    reuse: Reuse,
    *,
    charge: str | None = None,
    setup_attempt: str | None = None,
) -> str:
    """Store the `card` payment method of a present card; returns its id."""
    origin: GeneratedFrom = {
        "charge": charge,
        "payment_method_details": {"card_present": details, "type": "card_present"},
        "setup_attempt": setup_attempt,
    }
    method = blank_payment_method(call, "card")
    method["allow_redisplay"] = reuse.allow_redisplay
    method["customer"] = reuse.customer
    method["card"] = _card(details, origin)
    call.store.of(PAYMENT_METHODS).put(method)
    if reuse.customer is not None:
        call.emit("payment_method.attached", method)
    return method["id"]


def _card(details: CardPresentDetails, origin: GeneratedFrom) -> Mapping[str, Any]:
    return {
        "brand": details["brand"],
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": None,
        },
        "country": details["country"],
        "description": details["description"],
        "display_brand": details["brand"],
        "exp_month": details["exp_month"],
        "exp_year": details["exp_year"],
        "fingerprint": details["fingerprint"],
        "funding": details["funding"],
        "generated_from": origin,
        "iin": details["iin"],
        "issuer": details["issuer"],
        "last4": details["last4"],
        "networks": {"available": [details["network"]], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
