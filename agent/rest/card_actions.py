"""What a reader is told to do with a card besides taking a payment: keep it, refund it."""

from __future__ import annotations

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid, ParameterMissing
from agent.ids import PaymentIntentId, SetupIntentId
from agent.payments.wanted import ProcessSetupIntent, RefundPayment, Wanted
from agent.rest.parameters import (
    AllowRedisplay,
    Boolean,
    Metadata,
    Parameters,
    Positive,
    Text,
)
from agent.rest.reader_actions import Action, begin_action

MOST_METADATA = 49
"""Keys of a refund: Stripe takes fifty, and one is the agent's own."""


class Cancellation(Parameters):
    """`process_config` of a setup, `refund_payment_config`."""

    enable_customer_cancellation: Boolean | None = None


class ProcessSetup(Action):
    """`POST …/process_setup_intent`."""

    setup_intent: Text
    allow_redisplay: AllowRedisplay
    process_config: Cancellation = Cancellation()


class Refund(Action):
    """`POST …/refund_payment`."""

    payment_intent: Text | None = None
    charge: Text | None = None
    amount: Positive | None = None
    metadata: Metadata = Field(default_factory=dict)
    refund_application_fee: Boolean | None = None
    reverse_transfer: Boolean | None = None
    refund_payment_config: Cancellation = Cancellation()


async def process_setup_intent(request: Request) -> Response:
    """Begin to keep a card; answers at once, or after `Prefer: wait=N`."""
    return await begin_action(request, ProcessSetup, _process_setup_intent)


async def refund_payment(request: Request) -> Response:
    """Begin to give money back to a card; answers as `process_setup_intent`."""
    return await begin_action(request, Refund, _refund_payment)


def _process_setup_intent(asked: ProcessSetup) -> Wanted:
    return ProcessSetupIntent(
        setup_intent=SetupIntentId(asked.setup_intent),
        allow_redisplay=asked.allow_redisplay,
        enable_customer_cancellation=asked.process_config.enable_customer_cancellation,
    )


def _refund_payment(asked: Refund) -> Wanted:
    if asked.payment_intent is None and asked.charge is None:
        raise ParameterMissing(
            "Missing required param: payment_intent or charge.", param="payment_intent"
        )
    if asked.payment_intent is not None and asked.charge is not None:
        raise ParameterInvalid(
            "Send either payment_intent or charge.", param="payment_intent"
        )
    if len(asked.metadata) > MOST_METADATA:
        raise ParameterInvalid(
            f"A refund at a reader takes at most {MOST_METADATA} metadata keys.",
            param="metadata",
        )
    intent, config = asked.payment_intent, asked.refund_payment_config
    return RefundPayment(
        payment_intent=None if intent is None else PaymentIntentId(intent),
        charge=asked.charge,
        amount=asked.amount,
        metadata=asked.metadata,
        refund_application_fee=asked.refund_application_fee,
        reverse_transfer=asked.reverse_transfer,
        enable_customer_cancellation=config.enable_customer_cancellation,
    )
