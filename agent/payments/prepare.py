"""What an action is about, read from Stripe before anything begins.

A wrong state is refused here, so that a register has its error at once, as at Stripe.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.errors import IntentInvalidState
from agent.ids import PaymentIntentId
from agent.payments.reference import reference_digest
from agent.payments.wanted import ProcessPaymentIntent, Wanted
from agent.stripe_api import payment_intents
from agent.stripe_api.client import StripeClient


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action moves, as its first journal entry names it."""

    payment_intent: PaymentIntentId | None = None
    amount: int = 0
    """Minor units of `currency`; 0 where the action moves no money."""
    currency: str = ""
    """Empty where the action moves no money."""
    reference_digest: str | None = field(default=None, repr=False)
    tip: int | None = None
    """What the amount already has of a tip; None where nobody was asked."""


async def prepare(wanted: Wanted, *, stripe: StripeClient) -> Subject:
    """The subject of `wanted`; raises IntentInvalidState and what Stripe's client raises."""
    match wanted:
        case ProcessPaymentIntent(payment_intent=intent_id):
            intent = await payment_intents.retrieve(stripe, intent_id)
            _check_processable(intent)
            return Subject(
                payment_intent=intent_id,
                amount=intent.amount,
                currency=intent.currency,
                reference_digest=reference_digest(intent.reference),
                tip=intent.tip,
            )


def _check_processable(intent: payment_intents.PaymentIntent) -> None:
    if intent.status != "requires_payment_method":
        raise IntentInvalidState(
            "Payment intent must be in the requires_payment_method state to be "
            f"processed by a reader; {intent.id} is {intent.status}.",
            param="payment_intent",
        )
