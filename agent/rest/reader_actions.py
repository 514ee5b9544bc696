"""What a reader is told to do, and to stop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid
from agent.ids import PaymentIntentId
from agent.journal.answers import StoredAnswer
from agent.offline.intents import OfflineBehavior
from agent.payments.payment import Payment
from agent.payments.wanted import (
    CollectPaymentMethod,
    ConfirmPaymentIntent,
    ProcessPaymentIntent,
    Wanted,
    details_to_keep,
)
from agent.rest.action_details import SHOWING_DETAILS
from agent.rest.begun_actions import Begun, begun_once
from agent.rest.expansion import check_expandable, expanded
from agent.rest.idempotency import Claim
from agent.rest.leases import check_lease
from agent.rest.parameters import (
    AllowRedisplay,
    Boolean,
    NotNegative,
    Parameters,
    Text,
    TextList,
)
from agent.rest.reader_object import JsonObject, reader_object
from agent.rest.readers import reader_id_in, shown_reader
from agent.rest.requests import json_response, once, posted
from agent.rest.services import Services, services_of
from agent.rest.smart_reader_actions import begin_at_stripe, cancel_at_stripe
from agent.rest.upstream_readers import is_ours


class Tipping(Parameters):
    """`process_config[tipping]`."""

    amount_eligible: NotNegative | None = None


class ProcessConfig(Parameters):
    """`process_config`."""

    allow_redisplay: AllowRedisplay | None = None
    enable_customer_cancellation: Boolean | None = None
    return_url: Text | None = None
    offline_behavior: OfflineBehavior | None = None
    skip_tipping: Boolean | None = None
    tipping: Tipping = Tipping()


class Action(Parameters):
    """What every `POST` that tells a reader to do something may carry."""

    expand: TextList = ()


class Process(Action):
    """`POST …/process_payment_intent`."""

    payment_intent: Text
    process_config: ProcessConfig = ProcessConfig()


class CollectConfig(Parameters):
    """`collect_config`."""

    allow_redisplay: AllowRedisplay | None = None
    enable_customer_cancellation: Boolean | None = None
    skip_tipping: Boolean | None = None
    tipping: Tipping = Tipping()


class Collect(Action):
    """`POST …/collect_payment_method`."""

    payment_intent: Text
    collect_config: CollectConfig = CollectConfig()


class ConfirmConfig(Parameters):
    """`confirm_config`."""

    return_url: Text | None = None


class Confirm(Action):
    """`POST …/confirm_payment_intent`."""

    payment_intent: Text
    confirm_config: ConfirmConfig = ConfirmConfig()


class CancelAction(Action):
    """`POST …/cancel_action`."""


Asked = TypeVar("Asked", bound=Action)


async def process_payment_intent(request: Request) -> Response:
    """Begin to take a payment; answers at once, or after `Prefer: wait=N`."""
    return await begin_action(request, Process, _process_payment_intent)


async def collect_payment_method(request: Request) -> Response:
    """Begin to read a card; answers at once, or after `Prefer: wait=N` with the card."""
    return await begin_action(request, Collect, _collect_payment_method)


async def confirm_payment_intent(request: Request) -> Response:
    """Charge the card that was read; answers as `process_payment_intent`."""
    return await begin_action(request, Confirm, _confirm_payment_intent)


async def cancel_action(request: Request) -> Response:
    """Stop what the reader does; answers when it is idle."""
    services = services_of(request)
    reader_id = reader_id_in(request)
    if not is_ours(services, reader_id):
        return await cancel_at_stripe(request)
    post = await posted(request, CancelAction)
    check_expandable(post.parameters.expand)

    async def execute() -> Response:
        check_lease(request, reader_id)
        await services.actions.cancel_action(reader_id)
        return json_response(shown_reader(services, services.fleet.session(reader_id)))

    response = await once(request, post.claim, execute)
    return await expanded(response, post.parameters.expand, stripe=services.stripe)


async def begin_action(
    request: Request, model: type[Asked], wanted: Callable[[Asked], Wanted]
) -> Response:
    """Begin what `wanted` makes of the parameters, once for one Idempotency-Key."""
    services = services_of(request)
    reader_id = reader_id_in(request)
    if not is_ours(services, reader_id):
        return await begin_at_stripe(request)
    post = await posted(request, model)
    asked, claim = post.parameters, post.claim
    check_expandable(asked.expand)
    action = wanted(asked)
    kept_apart = details_to_keep(action, reader_id)
    details = None if kept_apart is None else dict(kept_apart.content)

    async def begin() -> Begun:
        check_lease(request, reader_id)
        payment = await services.actions.begin(
            reader_id,
            action,
            answer=None if claim is None else partial(_kept, services, claim, details),
        )
        return Begun(payment.payment_id, _shown(services, payment, details))

    return await begun_once(
        request, claim, asked.expand, begin=begin, show=partial(_shown, services)
    )


def _kept(
    services: Services, claim: Claim, details: JsonObject | None, payment: Payment
) -> StoredAnswer:
    """The answer that becomes durable together with the payment's first entry."""
    return claim.answered(_shown(services, payment, details), at=services.clock.now())


def _shown(
    services: Services, payment: Payment, details: JsonObject | None = None
) -> Response:
    """The reader; `details` are what is being kept apart just now."""
    session = services.fleet.session(payment.reader_id)
    known = details
    if known is None and payment.action in SHOWING_DETAILS:
        known = services.journal.details.of(payment.payment_id)
    livemode = services.livemode
    return json_response(
        reader_object(session, payment, livemode=livemode, details=known)
    )


def _process_payment_intent(asked: Process) -> Wanted:
    config = asked.process_config
    _check_tipping(config, name="process_config")
    return ProcessPaymentIntent(
        payment_intent=PaymentIntentId(asked.payment_intent),
        skip_tipping=config.skip_tipping,
        enable_customer_cancellation=config.enable_customer_cancellation,
        allow_redisplay=config.allow_redisplay,
        return_url=config.return_url,
        amount_eligible=config.tipping.amount_eligible,
        offline_behavior=config.offline_behavior,
    )


def _collect_payment_method(asked: Collect) -> Wanted:
    config = asked.collect_config
    _check_tipping(config, name="collect_config")
    return CollectPaymentMethod(
        payment_intent=PaymentIntentId(asked.payment_intent),
        skip_tipping=config.skip_tipping,
        enable_customer_cancellation=config.enable_customer_cancellation,
        allow_redisplay=config.allow_redisplay,
        amount_eligible=config.tipping.amount_eligible,
    )


def _confirm_payment_intent(asked: Confirm) -> Wanted:
    return ConfirmPaymentIntent(
        PaymentIntentId(asked.payment_intent),
        return_url=asked.confirm_config.return_url,
    )


def _check_tipping(config: ProcessConfig | CollectConfig, *, name: str) -> None:
    if config.skip_tipping and config.tipping.amount_eligible:
        raise ParameterInvalid(
            "tipping[amount_eligible] cannot be given together with skip_tipping.",
            param=f"{name}[tipping][amount_eligible]",
        )
