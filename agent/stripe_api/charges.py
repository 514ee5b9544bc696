"""Charges: what giving one back in person needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from agent.ids import PaymentIntentId
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost
from agent.stripe_api.objects import object_at, text_at


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as Stripe has it now."""

    id: str
    payment_intent: PaymentIntentId | None
    amount: int
    """Minor units of `currency`."""
    amount_refunded: int
    currency: str
    is_captured: bool
    type: str | None
    """Of its payment method: `interac_present`, `card_present` …"""


async def retrieve(client: StripeClient, charge_id: str) -> Charge:
    """Raises StripeRefused (`resource_missing`), StripeUnreachable or AnswerLost."""
    answer = await client.request("GET", f"/v1/charges/{quote(charge_id, safe='')}")
    return _charge(answer)


async def of_intent(client: StripeClient, intent_id: PaymentIntentId) -> Charge | None:
    """The PaymentIntent's latest charge, None without one; raises as `retrieve`."""
    answer = await client.request(
        "GET",
        f"/v1/payment_intents/{quote(intent_id, safe='')}",
        params={"expand": ["latest_charge"]},
    )
    charge = object_at(answer, "latest_charge")
    return _charge(charge) if charge else None


def _charge(answer: dict[str, Any]) -> Charge:
    """Raises AnswerLost for an object that is no Charge."""
    try:
        return Charge(
            id=answer["id"],
            payment_intent=answer["payment_intent"],
            amount=answer["amount"],
            amount_refunded=answer["amount_refunded"],
            currency=answer["currency"],
            is_captured=answer["captured"],
            type=text_at(answer, "payment_method_details", "type"),
        )
    except KeyError as missing:
        raise AnswerLost(f"Stripe's Charge has no {missing}") from missing
