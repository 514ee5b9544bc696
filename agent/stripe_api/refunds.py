"""Refunds: giving a captured payment back."""

from __future__ import annotations

from dataclasses import dataclass

from agent.ids import PaymentIntentId
from agent.stripe_api.client import StripeClient


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as Stripe has it now."""

    id: str
    status: str
    """`succeeded`, or `pending` where the bank takes its time."""


async def create(
    client: StripeClient, *, payment_intent: PaymentIntentId, idempotency_key: str
) -> Refund:
    """Give the whole payment back. Under one key Stripe does so once.

    Raises StripeRefused, StripeUnreachable or AnswerLost.
    """
    answer = await client.request(
        "POST",
        "/v1/refunds",
        params={"payment_intent": payment_intent},
        idempotency_key=idempotency_key,
    )
    return Refund(id=answer["id"], status=answer["status"])
