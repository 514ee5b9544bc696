"""What one of Stripe's readers is told to do: in Stripe's words, judged by Stripe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from agent.journal.answers import StoredAnswer
from agent.payments.forwarded import ForwardedAction
from agent.payments.payment import Payment
from agent.rest.begun_actions import Begun, begun_once, keep
from agent.rest.expansion import check_expandable, expanded
from agent.rest.forms import Value, decode_body
from agent.rest.idempotency import Claim, claim_of
from agent.rest.leases import check_lease
from agent.rest.parameters import Parameters, TextList, read
from agent.rest.reader_object import action_object
from agent.rest.readers import reader_id_in
from agent.rest.requests import json_response, once
from agent.rest.services import Services, services_of
from agent.rest.upstream_readers import known_reader


class _Answer(Parameters):
    """What the agent itself does for an answer."""

    expand: TextList = ()


async def begin_at_stripe(request: Request) -> Response:
    """Begin the action that the path names; answers once Stripe's reader has it.

    Raises what Stripe refuses, with its own words and code.
    """
    services, reader_id = services_of(request), reader_id_in(request)
    action = request.scope["path"].rpartition("/")[2]
    form, asked, claim = await _posted(request)

    async def begin() -> Begun:
        check_lease(request, reader_id)
        payment = await services.smart_actions.begin(
            reader_id,
            ForwardedAction(action, form),
            answer=None if claim is None else _keeping(services, claim),
        )
        response = _shown(services, payment)
        if claim is not None:
            # In place of what stood for it while Stripe was being asked.
            await keep(services, claim, response)
        return Begun(payment.payment_id, response)

    return await begun_once(
        request, claim, asked.expand, begin=begin, show=partial(_shown, services)
    )


async def cancel_at_stripe(request: Request) -> Response:
    """Have Stripe stop what its reader does; answers when that is settled."""
    services, reader_id = services_of(request), reader_id_in(request)
    form, asked, claim = await _posted(request)
    # Nothing else is sent to Stripe, so Stripe cannot refuse it.
    read(_Answer, form)

    async def execute() -> Response:
        check_lease(request, reader_id)
        await services.smart_actions.cancel_action(reader_id)
        return json_response(services.smart_readers.known(reader_id) or {})

    response = await once(request, claim, execute)
    return await expanded(response, asked.expand, stripe=services.stripe)


async def _posted(
    request: Request,
) -> tuple[dict[str, Value], _Answer, Claim | None]:
    """What goes to Stripe, what stays here, and the Idempotency-Key's claim to both."""
    sent = decode_body(
        await request.body(), content_type=request.headers.get("content-type", "")
    )
    asked = read(_Answer, {name: sent[name] for name in sent if name == "expand"})
    check_expandable(asked.expand)
    form = {name: value for name, value in sent.items() if name != "expand"}
    return form, asked, claim_of(request, sent)


def _keeping(services: Services, claim: Claim) -> Callable[[Payment], StoredAnswer]:
    """The answer that becomes durable together with the action's first entries.

    It is given to whoever repeats a request that a crash has cut off.
    """

    def kept(payment: Payment) -> StoredAnswer:
        shown = services.smart_readers.known(payment.reader_id) or {}
        begun = json_response({**shown, "action": action_object(payment)})
        return claim.answered(begun, at=services.clock.now())

    return kept


def _shown(services: Services, payment: Payment) -> Response:
    return json_response(known_reader(services, payment))
