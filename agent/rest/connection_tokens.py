"""`POST /v1/terminal/connection_tokens`: what Stripe's own SDKs need instead of a backend.

A token is minted at Stripe when it is asked for, and goes to the caller only: it is
never kept, never logged and never answered twice.
"""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import AgentError, StripeUnreachable
from agent.rest.forwarding import passed_on
from agent.rest.guard import caller_of
from agent.rest.parameters import Parameters, Text, TextList
from agent.rest.requests import posted
from agent.rest.services import services_of
from agent.stripe_api.errors import AnswerLost, UnkeyedAnswerLost
from agent.stripe_api.form import encode

WITHIN_S = 50.0
"""Stripe's SDKs give up after 60 s; a caller must hear before that why."""


class CreateConnectionToken(Parameters):
    """`POST /v1/terminal/connection_tokens`."""

    expand: TextList = ()
    location: Text | None = None


async def create_connection_token(request: Request) -> Response:
    """A fresh token from Stripe, or an error before Stripe's SDK gives up."""
    services = services_of(request)
    asked = (await posted(request, CreateConnectionToken)).parameters
    broker, time_s = services.tokens, services.clock.monotonic
    location = broker.location_for(asked.location, key_id=caller_of(request))
    parameters = {"expand": list(asked.expand), "location": location}
    wanted = {name: value for name, value in parameters.items() if value}
    began_s = time_s()
    code: str | None = StripeUnreachable.code
    try:
        async with asyncio.timeout(WITHIN_S):
            answer = await _minted(request, encode(wanted).encode())
        code = _error_code(answer)
    except TimeoutError:
        raise StripeUnreachable(
            f"Stripe gave no connection token within {WITHIN_S:.0f} s."
        ) from None
    except AgentError as error:
        code = error.code
        raise
    finally:
        broker.note(time_s() - began_s, code=code)
    return answer


async def _minted(request: Request, form: bytes) -> Response:
    # Without the caller's Idempotency-Key: for that, Stripe would answer an old token.
    sent = {
        "content-type": "application/x-www-form-urlencoded",
        "stripe-version": request.headers.get("stripe-version"),
    }
    headers = {name: value for name, value in sent.items() if value is not None}
    try:
        return await passed_on(request, form, headers=headers)
    except UnkeyedAnswerLost as lost:
        # Another one does no harm, so that the caller may well ask again.
        raise AnswerLost(lost.message) from lost


def _error_code(answer: Response) -> str | None:
    """Of a token that did not come; None where the caller has asked for the wrong one."""
    if answer.status_code < 400:
        return None
    try:
        error = json.loads(bytes(answer.body))["error"]
        return None if error.get("param") else str(error.get("code") or error["type"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return str(answer.status_code)
