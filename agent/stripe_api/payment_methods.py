"""PaymentMethods: letting go of a card that was kept."""

from __future__ import annotations

from urllib.parse import quote

from agent.stripe_api.client import StripeClient
from agent.stripe_api.objects import text_at


async def customer_of(client: StripeClient, method_id: str) -> str | None:
    """Whose it is, `cus_…`; raises StripeRefused, StripeUnreachable or AnswerLost."""
    answer = await client.request("GET", _path(method_id))
    return text_at(answer, "customer")


async def detach(client: StripeClient, method_id: str, *, idempotency_key: str) -> None:
    """Take it from its customer. Raises StripeRefused where it has none, and as above."""
    await client.request(
        "POST", f"{_path(method_id)}/detach", idempotency_key=idempotency_key
    )


def _path(method_id: str) -> str:
    return f"/v1/payment_methods/{quote(method_id, safe='')}"
