"""One question to Stripe about one effect, and what its answer proves."""

from __future__ import annotations

from typing import TypeGuard

from agent.errors import AgentError
from agent.journal.entries import (
    AnswerLost,
    Confirmed,
    Declined,
    NotCharged,
    Performed,
)
from agent.payments.effects import effect_of
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.stripe_api import errors
from agent.stripe_api.cards import ConfirmCard
from agent.stripe_api.client import StripeClient

Answered = Confirmed | Performed | Declined | NotCharged | AnswerLost
"""What an answer of Stripe's, or its absence, proves."""
CONFLICT = 409
"""Somebody else is at work on the object: Stripe asks for the same request again."""


def is_unsent(entry: Answered) -> TypeGuard[NotCharged]:
    """Whether the entry proves that Stripe could not be reached: nothing was asked."""
    return isinstance(entry, NotCharged) and entry.code == errors.StripeUnreachable.code


async def confirm_once(
    payment: Payment, *, card: ConfirmCard | None, stripe: StripeClient
) -> Answered:
    """Ask Stripe once, and say what that proves, as the entry to write.

    With `card` the same request goes out under the same idempotency key as before;
    without it Stripe's objects are only read. AnswerLost: still unknown.
    """
    effect = effect_of(payment)
    if card is None or payment.confirm_key is None:
        return await effect.look_up(stripe, payment)
    first_attempt = payment.phase is Phase.CONFIRMING
    try:
        return await effect.ask(stripe, payment, card, payment.confirm_key)
    except errors.StripeRefused as refused:
        if refused.error.status == CONFLICT:
            return AnswerLost(payment.payment_id, reason=refused.message)
        # A refusal of a repeat says nothing of the first attempt: look it up.
        if first_attempt:
            code = refused.error.code or refused.code
            return NotCharged(payment.payment_id, code, refused.message)
        return await effect.look_up(stripe, payment)
    except errors.AnswerLost as lost:
        if lost.is_replay:
            # Stripe keeps even a 500 as a key's answer: only its objects know more.
            return await effect.look_up(stripe, payment)
        return AnswerLost(payment.payment_id, reason=lost.message)
    except AgentError as unsent:
        if first_attempt:
            return NotCharged(payment.payment_id, unsent.code, unsent.message)
        return AnswerLost(payment.payment_id, reason=unsent.message)
