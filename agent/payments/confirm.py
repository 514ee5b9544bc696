"""One question to Stripe about one confirm, and what its answer proves."""

from __future__ import annotations

from agent.errors import AgentError
from agent.journal.entries import AnswerLost, Confirmed, Declined, NotCharged
from agent.payments.failures import PAYMENT_NOT_CHARGED
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.stripe_api import errors, payment_intents
from agent.stripe_api.cards import ConfirmCard, Refused
from agent.stripe_api.client import StripeClient
from agent.stripe_api.payment_intents import Authorized

CONFLICT = 409
"""Somebody else is at work on the intent: Stripe asks for the same request again."""


async def confirm_once(
    payment: Payment, *, card: ConfirmCard | None, stripe: StripeClient
) -> Confirmed | Declined | NotCharged | AnswerLost:
    """Ask Stripe once, and say what that proves, as the entry to write.

    With `card` the same confirm goes out under the same idempotency key as before;
    without it the PaymentIntent is only read. AnswerLost: still unknown.
    """
    if card is None or payment.confirm_key is None:
        return await _look_up(payment, stripe)
    first_attempt = payment.phase is Phase.CONFIRMING
    try:
        answer = await payment_intents.confirm(
            stripe,
            payment.intent,
            card=card,
            idempotency_key=payment.confirm_key,
        )
    except errors.StripeRefused as refused:
        if refused.error.status == CONFLICT:
            return AnswerLost(payment.payment_id, reason=refused.message)
        # A refusal of a repeat says nothing of the first attempt: look it up.
        if first_attempt:
            code = refused.error.code or refused.code
            return NotCharged(payment.payment_id, code, refused.message)
        return await _look_up(payment, stripe)
    except errors.AnswerLost as lost:
        if lost.is_replay:
            # Stripe keeps even a 500 as a key's answer: only the intent knows more.
            return await _look_up(payment, stripe)
        return AnswerLost(payment.payment_id, reason=lost.message)
    except AgentError as unsent:
        if first_attempt:
            return NotCharged(payment.payment_id, unsent.code, unsent.message)
        return AnswerLost(payment.payment_id, reason=unsent.message)
    return _answered(payment, answer)


def _answered(payment: Payment, answer: Authorized | Refused) -> Confirmed | Declined:
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
    payment: Payment, stripe: StripeClient
) -> Confirmed | NotCharged | AnswerLost:
    """What the PaymentIntent itself says, where the confirm cannot be repeated."""
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
