"""Finding out what Stripe did, and ending a payment by it.

Shared by the payment's straight line and by recovery: both end a payment the same way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agent.journal.entries import (
    ActionFinished,
    AnswerLost,
    CardRefused,
    NotCharged,
    Outcome,
)
from agent.log import get_logger
from agent.payments.asking import chip_flow
from agent.payments.confirm import confirm_once, is_unsent
from agent.payments.effects import effect_of
from agent.payments.failures import OFFLINE_TRANSACTION_DECLINED, failed
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.reverse import reverse, taken_back
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.stripe_api.cards import ConfirmCard
from drivers.reader import ChipFlow, ReadMethod, TransactionFinished, Verdict

log = get_logger(__name__)


IfUnsent = Callable[[NotCharged], Awaitable[NotCharged | None]]
"""What is done with a confirm that certainly never went out; None: it was stored."""


async def settle_confirm(
    record: PaymentRecord,
    *,
    card: ConfirmCard | None,
    settlement: Settlement,
    if_unsent: IfUnsent | None = None,
) -> None:
    """Confirm, and keep asking until Stripe has said what became of it.

    With `card` every attempt is the same request under the same idempotency key, so
    Stripe acts at most once. Without it the PaymentIntent is only read. Waits for the
    entry that announces the confirm to be on the disk; raises JournalUnavailable.
    """
    await record.durable()
    waits, stripe = settlement.waits(), settlement.stripe
    if if_unsent is not None and settlement.offline is not None:
        stripe = stripe.connecting_within(settlement.offline.decide_within_s)
    while True:
        entry = await confirm_once(record.payment, card=card, stripe=stripe)
        if if_unsent is not None and is_unsent(entry):
            # Only the first attempt can say so: after a loss nothing is certain.
            kept = await if_unsent(entry)
            if kept is None:
                return
            entry = kept
        if not isinstance(entry, AnswerLost):
            # Stripe remembers it too, so the card need not wait for the disk.
            record.note(entry)
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
        case Phase.CONFIRMED | Phase.PERFORMED if refusal := _refusal(
            payment, card_ended
        ):
            await record.add(refusal)
            await reverse(record, settlement)
        case Phase.CONFIRMED | Phase.PERFORMED:
            await record.end(_succeeded(record, settlement))
        case Phase.STORED_OFFLINE | Phase.OFFLINE_REFUSED:
            await _finish_stored(record, settlement)
        case Phase.CARD_REFUSED | Phase.REVERSING:
            await reverse(record, settlement)
        case Phase.REVERSED:
            await record.end(taken_back(payment))
        case _:
            return


async def _finish_stored(record: PaymentRecord, settlement: Settlement) -> None:
    """What was stored is forwarded later, unless the card has refused it."""
    payment = record.payment
    if payment.phase is Phase.STORED_OFFLINE:
        refusal = _refusal(payment, record.card_ended)
        if refusal is None:
            await record.end(_succeeded(record, settlement))
            if settlement.offline is not None:
                settlement.offline.accepted()
            return
        await record.add(refusal)
    await record.void(OFFLINE_TRANSACTION_DECLINED)
    await record.end(failed(payment.payment_id, OFFLINE_TRANSACTION_DECLINED))


def _succeeded(record: PaymentRecord, settlement: Settlement) -> ActionFinished:
    missing = record.card_ended is None and has_second_half(record.payment, settlement)
    return ActionFinished(
        record.payment.payment_id,
        Outcome.SUCCEEDED,
        failure_code=None,
        failure_message=None,
        card_verdict_missing=missing,
    )


def has_second_half(payment: Payment, settlement: Settlement) -> bool:
    """Whether there is a chip that waits for Stripe's answer, and may refuse then."""
    is_full_emv = chip_flow(payment, settlement.settings) is ChipFlow.EMV
    return _chip_counts(payment) and is_full_emv


def _ended(payment: Payment, outcome: Outcome) -> ActionFinished:
    return ActionFinished(
        payment.payment_id,
        outcome,
        failure_code=payment.failure_code,
        failure_message=payment.failure_message,
    )


def is_refusal(payment: Payment, ended: TransactionFinished) -> bool:
    """Whether a chip said no; a tapped or swiped card had left before the answer."""
    agrees = ended.verdict in {Verdict.APPROVED, Verdict.DEFERRED}
    return _chip_counts(payment) and not agrees


def _refusal(payment: Payment, ended: TransactionFinished | None) -> CardRefused | None:
    """Why what Stripe has approved must go back; None where it stands.

    A card that ended before the answer came has refused, whatever it said after.
    """
    if payment.card_end is not None:
        early = payment.card_end
        return CardRefused(payment.payment_id, early.verdict, reason=early.reason)
    if ended is None or not is_refusal(payment, ended):
        return None
    return CardRefused(payment.payment_id, ended.verdict, reason=ended.reason)


def _chip_counts(payment: Payment) -> bool:
    """Whether there is a chip whose no would take back what Stripe has done."""
    is_chip = payment.read_method == ReadMethod.CONTACT_EMV
    return is_chip and effect_of(payment).undo is not None
