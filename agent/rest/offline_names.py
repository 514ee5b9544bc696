"""Requests that name one of this machine's PaymentIntents where Stripe wants its own.

A register that was given `pi_offline_…` may go on using it for what comes after the
payment.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from agent.ids import PaymentIntentId
from agent.offline.errors import NotForwardedYet
from agent.offline.intents import PREFIX, is_local
from agent.rest.forms import decode_body
from agent.rest.forwarding import passed_on
from agent.rest.offline_intents import latest_payment
from agent.rest.services import Services, services_of
from agent.stripe_api.form import encode

INTENT = "payment_intent"
_FORM = "application/x-www-form-urlencoded"


async def create_refund(request: Request) -> Response:
    """Stripe's refund; raises as `passed_on`, ResourceMissing and NotForwardedYet."""
    body = await request.body()
    if PREFIX.encode() not in body:
        return await passed_on(request, body)
    form = decode_body(body, content_type=request.headers.get("content-type", ""))
    named = form.get(INTENT)
    if not isinstance(named, str) or not is_local(named):
        return await passed_on(request, body)
    form[INTENT] = _stripes(services_of(request), named)
    headers = {**request.headers, "content-type": _FORM}
    return await passed_on(request, encode(form).encode(), headers=headers)


async def list_by_intent(request: Request) -> Response:
    """Stripe's list of what belongs to a PaymentIntent; raises as `create_refund`."""
    named = request.query_params.get(INTENT, "")
    if not is_local(named):
        return await passed_on(request, b"")
    stripes = _stripes(services_of(request), named)
    asked = [
        (name, stripes if name == INTENT else value)
        for name, value in request.query_params.multi_items()
    ]
    return await passed_on(request, b"", query=urlencode(asked))


def _stripes(services: Services, named: str) -> PaymentIntentId:
    """Stripe's own id of this machine's intent."""
    intent = services.offline.vault.intent(PaymentIntentId(named))
    payment = latest_payment(services, intent.id)
    if payment is None or payment.payment_intent is None:
        raise NotForwardedYet(f"Stripe does not know {intent.id} yet.")
    return payment.payment_intent
