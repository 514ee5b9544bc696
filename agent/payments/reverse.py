"""Giving the money back, until it certainly is back. Never ends a payment earlier."""

from __future__ import annotations

from agent.errors import AgentError
from agent.journal.entries import ReversalStarted, Reversed
from agent.log import get_logger
from agent.payments.failures import DECLINED_BY_READER, failed
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.stripe_api import errors, payment_intents, refunds
from agent.stripe_api.client import StripeClient

log = get_logger(__name__)


async def reverse(record: PaymentRecord, settlement: Settlement) -> None:
    """Give the money back, however long it takes, and end the payment as failed.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    payment = record.payment
    if payment.phase is Phase.CARD_REFUSED:
        kind = "cancel" if payment.intent_status == "requires_capture" else "refund"
        key = f"cardlane-{payment.payment_id}-reversal"
        await record.add(ReversalStarted(payment.payment_id, key, kind))
    await _until_back(record.payment, settlement)
    await record.add(Reversed(payment.payment_id))
    await record.end(failed(payment.payment_id, DECLINED_BY_READER))


async def _until_back(payment: Payment, settlement: Settlement) -> None:
    """A lost answer is asked for under its own key; an answer kept for good is not.

    A new key cannot give the money back twice: Stripe refunds no more than was paid.
    """
    waits, key, attempt = settlement.waits(), payment.reversal_key or "", 1
    while True:
        try:
            await _give_back(payment, settlement.stripe, key=key)
            return
        except AgentError as error:
            # An alarm, not a detail: the cardholder is charged for nothing meanwhile.
            log.error(
                "payment.reversal_failed",
                payment_id=payment.payment_id,
                code=error.code,
            )
            if _is_kept(error):
                if await _is_back(payment, settlement.stripe):
                    return
                attempt += 1
                key = f"{payment.reversal_key}-{attempt}"
        await settlement.clock.sleep(next(waits))


async def _give_back(payment: Payment, stripe: StripeClient, *, key: str) -> None:
    """Cancel the authorisation, or refund the charge, captured meanwhile or before.

    Raises what the upstream raises: then the money is not certainly back.
    """
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


def _is_kept(error: AgentError) -> bool:
    """Whether Stripe would answer the same for as long as it remembers the key."""
    return isinstance(error, errors.StripeRefused) or (
        isinstance(error, errors.AnswerLost) and error.is_replay
    )


async def _is_back(payment: Payment, stripe: StripeClient) -> bool:
    """Whether the money is back, by whomever; Stripe refuses a second return."""
    try:
        intent = await payment_intents.retrieve(stripe, payment.intent)
    except AgentError:
        return False
    return intent.status == "canceled" or intent.is_refunded
