"""Which effect each action has at Stripe. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.payments.charging import CHARGE
from agent.payments.effect import Effect
from agent.payments.payment import Payment
from agent.payments.refunding import REFUND
from agent.payments.saving import SAVE
from agent.payments.wanted import (
    CollectPaymentMethod,
    ConfirmPaymentIntent,
    ProcessPaymentIntent,
    ProcessSetupIntent,
    RefundPayment,
)

EFFECTS: Mapping[str, Effect] = {
    ProcessPaymentIntent.action: CHARGE,
    CollectPaymentMethod.action: CHARGE,
    ConfirmPaymentIntent.action: CHARGE,
    ProcessSetupIntent.action: SAVE,
    RefundPayment.action: REFUND,
}


def effect_of(payment: Payment) -> Effect:
    """What the payment's action has Stripe do; KeyError for one that asks nothing."""
    return EFFECTS[payment.action]
