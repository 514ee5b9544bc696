"""One stored payment asked of Stripe once, and what its answer proves."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import AgentError
from agent.ids import PaymentIntentId
from agent.journal.offline_entries import ForwardDeclined, Forwarded, ForwardFailed
from agent.offline.errors import IntentPaidOtherwise
from agent.offline.records import StoredContent
from agent.offline.states import OfflinePayment
from agent.stripe_api import deferred, errors
from agent.stripe_api.client import StripeClient

CONFLICT = 409
NOT_ALLOWED = frozenset({401, 403})
"""The key, not the payment, is at fault: nothing can be forwarded."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stripe may have charged; the same question is asked again later."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """Nothing was asked; no other payment would fare better."""

    error: AgentError


Outcome = Forwarded | ForwardDeclined | ForwardFailed | Unknown | NotNow


async def forward_once(
    payment: OfflinePayment,
    content: StoredContent,
    *,
    stripe: StripeClient,
    looks_first: bool,
) -> Outcome:
    """Ask for the money under the payment's key, and say what that proves.

    `looks_first` where Stripe may have forgotten the key, or a new one is used: then it
    is asked whether it has the payment before it is asked for money.
    """
    try:
        if looks_first:
            found = await _found(payment, content, stripe)
            if found is not None:
                return found
        return await _charged(payment, content, stripe)
    except errors.StripeRefused as refused:
        return await _refused(payment, content, refused, stripe=stripe)
    except errors.AnswerLost as lost:
        return await _lost(payment, content, lost, stripe=stripe)
    except AgentError as unsent:
        return NotNow(unsent)


async def _charged(
    payment: OfflinePayment, content: StoredContent, stripe: StripeClient
) -> Forwarded | ForwardDeclined:
    intent: PaymentIntentId | dict[str, object] = payment.stored.payment_intent
    if content.create is not None:
        intent = content.create
    answer = await deferred.charge_stored(
        stripe,
        content.card,
        stored_at=content.stored_at,
        intent=intent,
        idempotency_key=payment.idempotency_key or "",
    )
    return _entry(payment, answer)


async def _refused(
    payment: OfflinePayment,
    content: StoredContent,
    refused: errors.StripeRefused,
    *,
    stripe: StripeClient,
) -> Outcome:
    """A refusal of this request; an earlier one may have charged all the same."""
    error = refused.error
    if error.status == CONFLICT:
        return Unknown(refused.message)
    if error.status in NOT_ALLOWED:
        return NotNow(refused)
    # Stripe knows the key with another body: then the attempt while the cardholder was
    # there did reach it, and what it has is this payment.
    reached_before = error.type == "idempotency_error"
    try:
        found = await _found(payment, content, stripe, is_ours=reached_before)
    except AgentError as unsent:
        return Unknown(unsent.message)
    if found is not None:
        return found
    code = error.code or refused.code
    return ForwardFailed(payment.stored.payment_id, code, refused.message)


async def _lost(
    payment: OfflinePayment,
    content: StoredContent,
    lost: errors.AnswerLost,
    *,
    stripe: StripeClient,
) -> Outcome:
    """No answer; and where Stripe keeps that for good, only the intent knows more."""
    if not lost.is_replay:
        return Unknown(lost.message)
    try:
        found = await _found(payment, content, stripe)
    except AgentError as unsent:
        return Unknown(unsent.message)
    return found or Unknown(lost.message)


async def _found(
    payment: OfflinePayment,
    content: StoredContent,
    stripe: StripeClient,
    *,
    is_ours: bool = False,
) -> Forwarded | ForwardDeclined | ForwardFailed | None:
    """What Stripe has of the payment already; None where it was never charged.

    `is_ours` where a charge that was made online is this payment's, too.
    """
    is_local = content.create is not None
    answer = await deferred.find(
        stripe,
        intent=None if is_local else payment.stored.payment_intent,
        payment_id=payment.stored.payment_id,
    )
    match answer:
        case deferred.Taken(stored_at=at) if not is_ours and at != content.stored_at:
            other = IntentPaidOtherwise("The PaymentIntent was paid by another card.")
            return ForwardFailed(payment.stored.payment_id, other.code, other.message)
        case deferred.NotTaken() if not is_local:
            # The decline may be an older one, of a card before this.
            return None
        case None:
            return None
        case _:
            return _entry(payment, answer)


def _entry(
    payment: OfflinePayment, answer: deferred.Taken | deferred.NotTaken
) -> Forwarded | ForwardDeclined:
    if isinstance(answer, deferred.Taken):
        return Forwarded(
            payment.stored.payment_id,
            answer.payment_intent,
            answer.status,
            charge=answer.charge,
            capture_before=answer.capture_before,
        )
    return ForwardDeclined(
        payment.stored.payment_id,
        answer.payment_intent,
        answer.code,
        answer.decline_code,
        answer.message,
        charge=answer.charge,
    )
