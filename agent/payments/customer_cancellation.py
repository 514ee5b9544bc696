"""A customer presses the reader's cancel key: whether that ends the action. Pure.

Stripe lets the register decide with `enable_customer_cancellation`, false where it is
not sent. No reader's key can be switched off, so a read that it has ended begins anew.
"""

from __future__ import annotations

from agent.payments.payment import Payment
from drivers.reader import TransactionFinished, Verdict

PARAMETER = "enable_customer_cancellation"
MOST_RESTARTS = 5
"""How often a payment asks again; who cancels once more has ended it all the same."""


def asks_again(
    payment: Payment, finished: TransactionFinished, *, restarts: int
) -> bool:
    """Whether the reader asks for a card again; `restarts` is how often it has before."""
    was_customer = finished.verdict is Verdict.CANCELED_BY_CUSTOMER
    may_cancel = bool(payment.parameters.get(PARAMETER))
    return was_customer and not may_cancel and restarts < MOST_RESTARTS
