"""Giving money back to the card that paid it, while that card is there.

A refund cannot be called back, so Stripe's yes stands whatever the card says then.
"""

from __future__ import annotations

from agent.errors import AgentError
from agent.journal.entries import AnswerLost, Declined, NotCharged, Performed
from agent.payments.effect import Effect
from agent.payments.failures import MESSAGES, REFUND_FAILED, REFUND_NOT_MADE
from agent.payments.payment import Payment
from agent.stripe_api import refunds_in_person
from agent.stripe_api.cards import ConfirmCard, Refused
from agent.stripe_api.client import StripeClient
from agent.stripe_api.refunds_in_person import FAILED, RefundOrder


async def _create(
    stripe: StripeClient, payment: Payment, card: ConfirmCard, key: str
) -> Performed | Declined:
    answer = await refunds_in_person.create(
        stripe, _order(payment, card), card=card, idempotency_key=key
    )
    if isinstance(answer, Refused):
        return Declined(
            payment.payment_id,
            answer.code,
            answer.decline_code,
            answer.message,
            charge=payment.charge,
        )
    if answer.status in FAILED:
        return Declined(
            payment.payment_id,
            REFUND_FAILED,
            None,
            MESSAGES[REFUND_FAILED],
            charge=payment.charge,
        )
    return Performed(payment.payment_id, result=answer.id)


async def _look_up(
    stripe: StripeClient, payment: Payment
) -> Performed | NotCharged | AnswerLost:
    """The refund carries the payment's id, since a charge may have several."""
    try:
        refund = await refunds_in_person.find(
            stripe, charge=_charge(payment), payment=payment.payment_id
        )
    except AgentError as error:
        return AnswerLost(payment.payment_id, reason=error.message)
    if refund is None:
        return NotCharged(
            payment.payment_id, REFUND_NOT_MADE, MESSAGES[REFUND_NOT_MADE]
        )
    if refund.status in FAILED:
        return NotCharged(payment.payment_id, REFUND_FAILED, MESSAGES[REFUND_FAILED])
    return Performed(payment.payment_id, result=refund.id)


def _order(payment: Payment, card: ConfirmCard) -> RefundOrder:
    return RefundOrder(
        payment=payment.payment_id,
        charge=_charge(payment),
        amount=payment.amount,
        metadata=card.metadata,
        refund_application_fee=_flag(payment, "refund_application_fee"),
        reverse_transfer=_flag(payment, "reverse_transfer"),
    )


def _charge(payment: Payment) -> str:
    if payment.charge is None:
        raise ValueError(f"{payment.action} has no charge")
    return payment.charge


def _flag(payment: Payment, name: str) -> bool | None:
    value = payment.parameters.get(name)
    return None if value is None else bool(value)


REFUND = Effect(_create, _look_up, undo=None)
