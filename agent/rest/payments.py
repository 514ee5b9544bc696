"""`/agent/payments`: what became of payments, by what a register knows of them.

A register that was cut off asks here before it takes any money again.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import AgentError, ParameterInvalid, ResourceMissing
from agent.ids import PaymentId, PaymentIntentId
from agent.payments.payment import Payment
from agent.payments.reference import reference_digest
from agent.payments.states import Phase
from agent.payments.status import next_step_of
from agent.rest.lists import Paging
from agent.rest.parameters import Boolean, Parameters, Text
from agent.rest.payment_object import known, payment_object
from agent.rest.reader_object import Json
from agent.rest.requests import json_response, queried
from agent.rest.services import Services, services_of
from agent.rest.stripe_objects import fetched
from agent.stripe_api.payment_intents import PaymentIntent, intent_of, path_of

MOST_PAYMENTS = 100
"""Of one sale; each is an attempt with one card."""
STRIPE_WAIT_S = 2.0
"""How long Stripe is waited for; a register that was cut off needs some answer soon."""


class FindPayments(Paging):
    """`GET /agent/payments`."""

    reference: Text | None = None
    payment_intent: Text | None = None
    held: Boolean = False


async def find_payments(request: Request) -> Response:
    """The payments of one reference or PaymentIntent, and what to do; or a list."""
    asked = queried(request, FindPayments)
    services = services_of(request)
    if asked.reference is None and asked.payment_intent is None:
        return _listed(services, asked)
    found = _found(services, asked)
    if len(found) > MOST_PAYMENTS:
        # A next step that has not seen all of them could have money taken twice.
        raise ParameterInvalid(
            f"More than {MOST_PAYMENTS} payments match; name each sale differently.",
            param="reference",
        )
    payments = [known(services, payment_id) for payment_id in found]
    asking = (_asked(services, each.payment) for each in payments)
    told = list(zip(payments, await asyncio.gather(*asking), strict=True))
    shown: list[Json] = [
        payment_object(each, intent, at=services.clock.now()) for each, intent in told
    ]
    step = next_step_of(each.status(intent) for each, intent in told)
    return json_response({"payments": shown, "next_step": step.value})


async def show_payment(request: Request) -> Response:
    """One payment."""
    queried(request, Parameters)
    services = services_of(request)
    one = known(services, PaymentId(request.path_params["payment_id"]))
    intent = await _asked(services, one.payment)
    return json_response(payment_object(one, intent, at=services.clock.now()))


def _found(services: Services, asked: FindPayments) -> list[PaymentId]:
    journal, limit = services.journal, MOST_PAYMENTS + 1
    if {"held", "limit", "starting_after", "ending_before"} & asked.model_fields_set:
        raise ParameterInvalid("A sale has no list of its own.", param="reference")
    match asked.reference, asked.payment_intent:
        case str(reference), None:
            digest = reference_digest(reference)
            return journal.payments_of_reference(digest or "", limit=limit)
        case None, str(intent):
            return journal.payments_of_intent(PaymentIntentId(intent), limit=limit)
        case _:
            raise ParameterInvalid(
                "Send either reference or payment_intent.", param="payment_intent"
            )


def _listed(services: Services, asked: FindPayments) -> Response:
    """Payments of this machine, newest first, as the journal knows them."""
    if asked.ending_before is not None:
        raise ParameterInvalid("Lists go back in time only.", param="ending_before")
    found = _held(services, asked) if asked.held else _newest(services, asked)
    now = services.clock.now()
    shown: list[Json] = [
        payment_object(known(services, each), None, at=now)
        for each in found[: asked.limit]
    ]
    has_more = len(found) > asked.limit
    return json_response({"payments": shown, "has_more": has_more})


def _newest(services: Services, asked: FindPayments) -> list[PaymentId]:
    """A page of all payments, and one more where there are more."""
    before = None
    if asked.starting_after is not None:
        before = known(services, PaymentId(asked.starting_after)).entries[0].seq
    return services.journal.newest_payments(before=before, limit=asked.limit + 1)


def _held(services: Services, asked: FindPayments) -> list[PaymentId]:
    """The same of those whose money is held."""
    held = [*reversed(services.journal.holds())]
    if asked.starting_after is None:
        return held
    if asked.starting_after not in held:
        raise ResourceMissing("No such held payment.", param="starting_after")
    return held[held.index(PaymentId(asked.starting_after)) + 1 :]


async def _asked(services: Services, payment: Payment) -> PaymentIntent | None:
    """What Stripe says of money that was taken; None where it cannot be asked in time.

    It may have been captured, released or given back since, by whomever.
    """
    is_open = payment.intent_status in {"requires_capture", "succeeded"}
    if payment.phase is not Phase.SUCCEEDED or not is_open:
        return None
    try:
        async with asyncio.timeout(STRIPE_WAIT_S):
            target = f"{path_of(payment.intent)}?expand[]=latest_charge"
            intent = intent_of(await fetched(services.stripe, target))
    except (TimeoutError, AgentError):
        return None
    if intent.status != payment.intent_status:
        services.holds.look(payment.intent)
    return intent
