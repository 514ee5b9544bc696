"""Finding out what Stripe did, giving money back, and ending a payment by it.

Shared by the payment's straight line and by recovery: both end a payment the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.clock import Clock, doubling
from agent.errors import AgentError
from agent.journal.entries import (
    ActionFinished,
    AnswerLost,
    CardRefused,
    Outcome,
    ReversalStarted,
    Reversed,
)
from agent.log import get_logger
from agent.payments.confirm import confirm_once
from agent.payments.failures import DECLINED_BY_READER, failed
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.states import Phase
from agent.settings import PaymentSettings
from agent.stripe_api import errors, payment_intents, refunds
from agent.stripe_api.client import StripeClient
from agent.stripe_api.payment_intents import ConfirmCard
from drivers.reader import ReadMethod, TransactionFinished, Verdict

log = get_logger(__name__)

FIRST_WAIT_S = 0.25
"""Before asking again; doubles up to `payments.settle_retry_max_s`."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Whom to ask, and how patiently."""

    stripe: StripeClient
    clock: Clock
    settings: PaymentSettings


async def settle_confirm(
    record: PaymentRecord, *, card: ConfirmCard | None, settlement: Settlement
) -> None:
    """Confirm, and keep asking until Stripe has said what became of it.

    With `card` every attempt is the same request under the same idempotency key, so
    Stripe acts at most once. Without it the PaymentIntent is only read.
    """
    waits = doubling(FIRST_WAIT_S, max_s=settlement.settings.settle_retry_max_s)
    while True:
        entry = await confirm_once(record.payment, card=card, stripe=settlement.stripe)
        if not isinstance(entry, AnswerLost):
            # Stripe remembers it too, so the card need not wait for the disk.
            await record.note(entry)
            return
        if record.payment.phase is Phase.CONFIRMING:
            await record.add(entry)
        log.warning(
            "payment.outcome_unknown",
            payment_id=record.payment.payment_id,
            reason=entry.reason,
        )
        await settlement.clock.sleep(next(waits))


async def finish(record: PaymentRecord, *, settlement: Settlement) -> None:
    """End the payment by what Stripe and the card said; does nothing once ended."""
    payment, card_ended = record.payment, record.card_ended
    match payment.phase:
        case Phase.REFUSED:
            await record.end(_ended(payment, Outcome.DECLINED))
        case Phase.NOT_CHARGED:
            await record.end(_ended(payment, Outcome.FAILED))
        case Phase.CONFIRMED if _card_refused(payment, card_ended) and card_ended:
            refusal = CardRefused(
                payment.payment_id, card_ended.verdict, reason=card_ended.reason
            )
            await record.add(refusal)
            await _reverse(record, settlement)
        case Phase.CONFIRMED:
            missing = card_ended is None and _has_second_half(payment, settlement)
            await record.end(
                ActionFinished(
                    payment.payment_id,
                    Outcome.SUCCEEDED,
                    failure_code=None,
                    failure_message=None,
                    card_verdict_missing=missing,
                )
            )
        case Phase.CARD_REFUSED | Phase.REVERSING:
            await _reverse(record, settlement)
        case Phase.REVERSED:
            await record.end(failed(payment.payment_id, DECLINED_BY_READER))
        case _:
            return


def _ended(payment: Payment, outcome: Outcome) -> ActionFinished:
    return ActionFinished(
        payment.payment_id,
        outcome,
        failure_code=payment.failure_code,
        failure_message=payment.failure_message,
    )


def _has_second_half(payment: Payment, settlement: Settlement) -> bool:
    return (
        payment.read_method == ReadMethod.CONTACT_EMV
        and settlement.settings.chip_flow == "emv"
    )


def _card_refused(payment: Payment, ended: TransactionFinished | None) -> bool:
    """Whether a chip said no; a tapped or swiped card had left before the answer."""
    return (
        ended is not None
        and payment.read_method == ReadMethod.CONTACT_EMV
        and ended.verdict not in {Verdict.APPROVED, Verdict.DEFERRED}
    )


async def _reverse(record: PaymentRecord, settlement: Settlement) -> None:
    """Give the money back, however long it takes, and end the payment as failed."""
    payment = record.payment
    if payment.phase is Phase.CARD_REFUSED:
        kind = "cancel" if payment.intent_status == "requires_capture" else "refund"
        key = f"cardlane-{payment.payment_id}-reversal"
        await record.add(ReversalStarted(payment.payment_id, key, kind))
    waits = doubling(FIRST_WAIT_S, max_s=settlement.settings.settle_retry_max_s)
    while not await _reversed(record.payment, settlement.stripe):
        await settlement.clock.sleep(next(waits))
    await record.add(Reversed(payment.payment_id))
    await record.end(failed(payment.payment_id, DECLINED_BY_READER))


async def _reversed(payment: Payment, stripe: StripeClient) -> bool:
    """Try once; True when the money is certainly back."""
    key = payment.reversal_key or ""
    try:
        if payment.intent_status == "requires_capture":
            await _release(payment, stripe, key=key)
        else:
            await refunds.create(
                stripe, payment_intent=payment.payment_intent, idempotency_key=key
            )
    except AgentError as error:
        # An alarm, not a detail: the cardholder is charged for nothing meanwhile.
        log.error(
            "payment.reversal_failed", payment_id=payment.payment_id, code=error.code
        )
        return isinstance(error, errors.StripeRefused) and await _is_back(
            payment, stripe
        )
    return True


async def _release(payment: Payment, stripe: StripeClient, *, key: str) -> None:
    """Cancel an authorisation, or refund it where somebody has captured it meanwhile.

    Raises what the upstream raises: then the money is not certainly back.
    """
    intent_id = payment.payment_intent
    try:
        await payment_intents.cancel(stripe, intent_id, idempotency_key=key)
    except errors.StripeRefused:
        intent = await payment_intents.retrieve(stripe, intent_id)
        if intent.status != "succeeded":
            raise
        await refunds.create(
            stripe, payment_intent=intent_id, idempotency_key=f"{key}-refund"
        )


async def _is_back(payment: Payment, stripe: StripeClient) -> bool:
    """Whether somebody else has returned the money; Stripe refuses a second return."""
    try:
        intent = await payment_intents.retrieve(stripe, payment.payment_intent)
    except AgentError:
        return False
    return intent.status == "canceled" or intent.is_refunded
