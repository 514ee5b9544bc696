"""PaymentIntents that go to Stripe, or are made here while Stripe cannot be reached."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import AgentError, IntentInvalidState, StripeUnreachable
from agent.ids import PaymentIntentId
from agent.money import Amount
from agent.offline.errors import NotConnectedToInternet, NotForwardedYet
from agent.offline.intents import (
    PREFIX,
    LocalIntent,
    OfflineBehavior,
    canceled,
)
from agent.offline.opening import stored_payment
from agent.offline.states import OfflinePayment, OfflineState
from agent.rest.forms import decode_body
from agent.rest.forwarding import passed_on
from agent.rest.idempotency import claim_of
from agent.rest.offline_intent_object import local_intent_object
from agent.rest.offline_parameters import read_locally, split_behavior
from agent.rest.requests import json_response, once
from agent.rest.services import Services, services_of
from agent.stripe_api.errors import AnswerLost


async def create_payment_intent(request: Request) -> Response:
    """Stripe's answer; or, where it gives none in time, an intent of this machine.

    Raises NotConnectedToInternet, the OfflineError that says why none may be made, and
    what `passed_on` raises.
    """
    services = services_of(request)
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    behavior, for_stripe = split_behavior(body, content_type)
    is_possible = services.offline.vault.is_enabled(*_locations(services))
    if behavior is OfflineBehavior.FORCE_OFFLINE:
        return await _made_here(request, body, behavior)
    if not is_possible and behavior is None:
        return await passed_on(request, for_stripe)
    if _is_answered_here(request):
        return await _made_here(request, body, OfflineBehavior.PREFER_ONLINE)
    try:
        async with asyncio.timeout(services.offline.vault.decide_within_s):
            return await passed_on(request, for_stripe)
    except (TimeoutError, StripeUnreachable, AnswerLost) as error:
        # An intent that was made at Stripe after all is never paid: no harm is done.
        if behavior is OfflineBehavior.REQUIRE_ONLINE:
            raise NotConnectedToInternet("Stripe cannot be reached.") from error
        if not is_possible:
            raise _as_unreachable(error) from error
        return await _made_here(request, body, OfflineBehavior.PREFER_ONLINE)


async def local_payment_intent(request: Request) -> Response:
    """One of this machine's; what has been forwarded is Stripe's from then on.

    Raises ResourceMissing, NotForwardedYet, IntentInvalidState.
    """
    services = services_of(request)
    name, _, verb = request.path_params["rest"].partition("/")
    intent = services.offline.vault.intent(PaymentIntentId(PREFIX + name))
    payment = latest_payment(services, intent.id)
    if request.method == "GET" and not verb:
        return json_response(
            local_intent_object(intent, payment, livemode=services.livemode)
        )
    if payment is not None and payment.payment_intent is not None:
        return await passed_on(
            request,
            await request.body(),
            path="/".join(filter(None, [_AT_STRIPE, payment.payment_intent, verb])),
        )
    if request.method == "POST" and verb == "cancel":
        return await _canceled(services, intent, payment)
    raise NotForwardedYet(f"Stripe does not know {intent.id} yet.")


def latest_payment(
    services: Services, intent_id: PaymentIntentId
) -> OfflinePayment | None:
    """What was stored for the intent, last; None where nothing was."""
    found = services.journal.offline.payments_of_intent(intent_id)
    return stored_payment(services.journal, found[0]) if found else None


_AT_STRIPE = "/v1/payment_intents"


async def _made_here(
    request: Request, body: bytes, behavior: OfflineBehavior
) -> Response:
    """An intent of this machine; the same one for the same Idempotency-Key."""
    services = services_of(request)
    vault = services.offline.vault
    content_type = request.headers.get("content-type", "")
    asked = read_locally(body, content_type)
    claim = claim_of(request, decode_body(body, content_type=content_type))

    async def execute() -> Response:
        amount = Amount(asked.amount, asked.currency)
        vault.check(amount, *_locations(services))
        intent = await vault.make_intent(
            amount, behavior=behavior, params=asked.for_stripe()
        )
        return json_response(
            local_intent_object(intent, None, livemode=services.livemode)
        )

    return await once(request, claim, execute)


def _is_answered_here(request: Request) -> bool:
    """Whether this very request has made an intent here before."""
    key = request.headers.get("idempotency-key")
    answers = services_of(request).journal.answers
    return key is not None and answers.get(key) is not None


async def _canceled(
    services: Services, intent: LocalIntent, payment: OfflinePayment | None
) -> Response:
    if payment is not None and payment.state is not OfflineState.VOIDED:
        raise IntentInvalidState(
            f"{intent.id} was paid offline; its payment is stored on this machine.",
            param="payment_intent",
        )
    ended = canceled(intent)
    await services.offline.vault.keep_intent(ended)
    return json_response(local_intent_object(ended, None, livemode=services.livemode))


def _locations(services: Services) -> list[str | None]:
    """Where this machine's readers are: which one will be used is not known yet."""
    return [session.record.location for session in services.fleet.sessions()]


def _as_unreachable(error: Exception) -> AgentError:
    if isinstance(error, AgentError):
        return error
    return StripeUnreachable("Stripe did not answer in time.")
