"""Taking back what the card refused, until it certainly is back; never ends earlier."""

from __future__ import annotations

from agent.errors import AgentError
from agent.journal.entries import ActionFinished, ReversalStarted, Reversed
from agent.log import get_logger
from agent.payments.effect import Undo
from agent.payments.effects import effect_of
from agent.payments.failures import DECLINED_BY_READER, ONLINE_TIMED_OUT, failed
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.stripe_api import errors
from agent.stripe_api.client import StripeClient

log = get_logger(__name__)


async def reverse(record: PaymentRecord, settlement: Settlement) -> None:
    """Take it back, however long that takes, and end the payment as failed.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    payment = record.payment
    undo = effect_of(payment).undo
    if undo is None:
        raise ValueError(f"nothing can take back {payment.action}")
    if payment.phase is Phase.CARD_REFUSED:
        key = f"cardlane-{payment.payment_id}-reversal"
        await record.add(ReversalStarted(payment.payment_id, key, undo.kind(payment)))
    await _until_back(undo, record.payment, settlement)
    await record.add(Reversed(payment.payment_id))
    await record.end(taken_back(payment))


def taken_back(payment: Payment) -> ActionFinished:
    """The end of a payment whose money is back, by why it had to go back."""
    early = payment.card_end
    is_late = early is not None and early.verdict == ONLINE_TIMED_OUT
    return failed(
        payment.payment_id, ONLINE_TIMED_OUT if is_late else DECLINED_BY_READER
    )


async def _until_back(undo: Undo, payment: Payment, settlement: Settlement) -> None:
    """A lost answer is asked for under its own key; an answer kept for good is not.

    A new key cannot give the money back twice: Stripe refunds no more than was paid.
    """
    waits, key, attempt = settlement.waits(), payment.reversal_key or "", 1
    while True:
        try:
            await undo.attempt(settlement.stripe, payment, key)
            return
        except AgentError as error:
            # An alarm, not a detail: the cardholder is charged for nothing meanwhile.
            log.error(
                "payment.reversal_failed",
                payment_id=payment.payment_id,
                code=error.code,
            )
            if _is_kept(error):
                if await _is_back(undo, payment, settlement.stripe):
                    return
                attempt += 1
                key = f"{payment.reversal_key}-{attempt}"
        await settlement.clock.sleep(next(waits))


def _is_kept(error: AgentError) -> bool:
    """Whether Stripe would answer the same for as long as it remembers the key."""
    return isinstance(error, errors.StripeRefused) or (
        isinstance(error, errors.AnswerLost) and error.is_replay
    )


async def _is_back(undo: Undo, payment: Payment, stripe: StripeClient) -> bool:
    try:
        return await undo.is_done(stripe, payment)
    except AgentError:
        return False
