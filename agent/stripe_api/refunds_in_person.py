"""Refunds to a card that is there: Interac gives money back in no other way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.ids import PaymentId
from agent.stripe_api.cards import (
    ConfirmCard,
    Refused,
    payment_method_data,
    refusal_of,
)
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.objects import text_at
from agent.stripe_api.refunds import Refund

PAYMENT = "cardlane_payment"
"""The metadata key by which a refund names the agent's payment that made it."""

FAILED = frozenset({"failed", "canceled"})
"""Statuses of refunds whose money did not go back."""

_MOST = 100


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What is to be given back, and on whose order."""

    payment: PaymentId
    charge: str
    amount: int
    """Minor units of the charge's currency; what the card has signed."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    refund_application_fee: bool | None = None
    reverse_transfer: bool | None = None


async def create(
    client: StripeClient,
    order: RefundOrder,
    *,
    card: ConfirmCard,
    idempotency_key: str,
) -> Refund | Refused:
    """Give the money back. Under one key Stripe does so once.

    Raises StripeRefused where the charge cannot be refunded so, StripeUnreachable
    where nothing was asked, AnswerLost where the outcome is unknown.
    """
    # A repeat must be the same to the letter, and the journal sorts what it keeps.
    metadata = dict(sorted(order.metadata.items())) | {PAYMENT: order.payment}
    try:
        answer = await client.request(
            "POST",
            "/v1/refunds",
            params={
                "charge": order.charge,
                "amount": order.amount,
                "metadata": metadata,
                "refund_application_fee": order.refund_application_fee,
                "reverse_transfer": order.reverse_transfer,
                "payment_method_data": payment_method_data(card),
            },
            idempotency_key=idempotency_key,
        )
    except StripeRefused as refused:
        return refusal_of(refused)
    return _refund(answer)


async def find(
    client: StripeClient, *, charge: str, payment: PaymentId
) -> Refund | None:
    """The refund of this charge that the payment has made; None where it made none.

    Raises StripeRefused, StripeUnreachable or AnswerLost.
    """
    listed = await client.request(
        "GET", "/v1/refunds", params={"charge": charge, "limit": _MOST}
    )
    found = listed.get("data")
    if not isinstance(found, list) or listed.get("has_more"):
        raise AnswerLost("Stripe did not list every refund of the charge")
    for refund in found:
        if text_at(refund, "metadata", PAYMENT) == payment:
            return _refund(refund)
    return None


def _refund(answer: dict[str, Any]) -> Refund:
    """Raises AnswerLost for an object that is no Refund."""
    try:
        return Refund(id=answer["id"], status=answer["status"])
    except KeyError as missing:
        raise AnswerLost(f"Stripe's Refund has no {missing}") from missing
