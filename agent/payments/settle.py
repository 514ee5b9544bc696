"""Finding out what Stripe did, and ending a payment by it.

Shared by the payment's straight line and by recovery: both end a payment the same way.
"""

from __future__ import annotations

from agent.journal.entries import ActionFinished, AnswerLost, CardRefused, Outcome
from agent.log import get_logger
from agent.payments.asking import chip_flow
from agent.payments.confirm import confirm_once
from agent.payments.effects import effect_of
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.reverse import reverse, taken_back
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.stripe_api.cards import ConfirmCard
from drivers.reader import ChipFlow, ReadMethod, TransactionFinished, Verdict

log = get_logger(__name__)


async def settle_confirm(
    record: PaymentRecord, *, card: ConfirmCard | None, settlement: Settlement
) -> None:
    """Confirm, and keep asking until Stripe has said what became of it.

    With `card` every attempt is the same request under the same idempotency key, so
    Stripe acts at most once. Without it the PaymentIntent is only read.
    """
    waits = settlement.waits()
    while True:
        entry = await confirm_once(record.payment, card=card, stripe=settlement.stripe)
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
            missing = card_ended is None and has_second_half(payment, settlement)
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
            await reverse(record, settlement)
        case Phase.REVERSED:
            await record.end(taken_back(payment))
        case _:
            return


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
