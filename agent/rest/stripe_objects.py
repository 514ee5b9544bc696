"""Single objects of Stripe's that the agent's own routes tell of."""

from __future__ import annotations

import json

from agent.errors import ResourceMissing, StripeUnreachable
from agent.rest.services import Upstream
from agent.stripe_api.objects import JsonObject


async def fetched(stripe: Upstream, target: str) -> JsonObject:
    """The object at `target`; raises ResourceMissing and what the upstream raises.

    StripeUnreachable, too, for any other answer that is no object.
    """
    answer = await stripe.forward("GET", target, headers={}, body=b"")
    if answer.status == 404:
        raise ResourceMissing("Stripe does not know this payment.", param="payment")
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    if answer.status != 200 or not isinstance(content, dict):
        raise StripeUnreachable(f"Stripe answered {answer.status} to a question.")
    return content
