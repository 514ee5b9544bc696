"""Charging a card: a PaymentIntent is confirmed, and given back where that must be."""

from __future__ import annotations

from agent.errors import AgentError
from agent.journal.entries import AnswerLost, Confirmed, Declined, NotCharged
from agent.payments.effect import Effect, Undo
from agent.payments.failures import PAYMENT_NOT_CHARGED
from agent.payments.payment import Payment
from agent.stripe_api import errors, payment_intents, refunds
from agent.stripe_api.cards import ConfirmCard
from agent.stripe_api.client import StripeClient
from agent.stripe_api.payment_intents import Authorized


async def _confirm(
    stripe: StripeClient, payment: Payment, card: ConfirmCard, key: str
) -> Confirmed | Declined:
    allow_redisplay = payment.parameters.get("allow_redisplay")
    answer = await payment_intents.confirm(
        stripe,
        payment.intent,
        card=card,
        amount=payment.amount,
        allow_redisplay=None if allow_redisplay is None else str(allow_redisplay),
        idempotency_key=key,
    )
    if isinstance(answer, Authorized):
        return Confirmed(
            payment.payment_id,
            answer.status,
            charge=answer.charge,
            emv_auth_data=answer.emv_auth_data,
            capture_before=answer.capture_before,
        )
    return Declined(
        payment.payment_id,
        answer.code,
        answer.decline_code,
        answer.message,
        charge=answer.charge,
    )


async def _look_up(
    stripe: StripeClient, payment: Payment
) -> Confirmed | NotCharged | AnswerLost:
    try:
        intent = await payment_intents.retrieve(stripe, payment.intent)
    except AgentError as error:
        return AnswerLost(payment.payment_id, reason=error.message)
    match intent.status:
        case "succeeded" | "requires_capture":
            return Confirmed(
                payment.payment_id,
                intent.status,
                charge=intent.latest_charge,
                emv_auth_data=None,
                capture_before=intent.capture_before,
            )
        case "requires_payment_method" | "requires_confirmation" | "canceled":
            return NotCharged(
                payment.payment_id,
                PAYMENT_NOT_CHARGED,
                f"Stripe has no charge for this payment (intent is {intent.status}).",
            )
        case _:
            return AnswerLost(
                payment.payment_id, reason=f"the intent is {intent.status}"
            )


def _kind(payment: Payment) -> str:
    return "cancel" if payment.intent_status == "requires_capture" else "refund"


async def _give_back(stripe: StripeClient, payment: Payment, key: str) -> None:
    """Cancel the authorisation, or refund the charge, captured meanwhile or before."""
    intent_id = payment.intent
    if payment.intent_status == "requires_capture":
        try:
            await payment_intents.cancel(stripe, intent_id, idempotency_key=key)
            return
        except errors.StripeRefused:
            intent = await payment_intents.retrieve(stripe, intent_id)
            if intent.status != "succeeded":
                raise
            key = f"{key}-refund"
    await refunds.create(stripe, payment_intent=intent_id, idempotency_key=key)


async def _is_back(stripe: StripeClient, payment: Payment) -> bool:
    """Stripe refuses a second return, so one by somebody else counts."""
    intent = await payment_intents.retrieve(stripe, payment.intent)
    return intent.status == "canceled" or intent.is_refunded


CHARGE = Effect(_confirm, _look_up, Undo(_kind, _give_back, _is_back))
