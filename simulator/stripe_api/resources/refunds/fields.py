"""The Refund as an object: its fields."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from simulator.stripe_api.engine.store import Kind


class Refund(TypedDict):
    """Stripe's Refund."""

    id: str
    object: str
    amount: int
    balance_transaction: str | None
    charge: str
    created: int
    currency: str
    customer: str | None
    customer_account: None
    destination_details: dict[str, Any] | None
    failure_balance_transaction: NotRequired[str]
    failure_reason: NotRequired[str]
    metadata: dict[str, str]
    payment_intent: str
    payment_method: str
    pending_reason: NotRequired[str]
    reason: str | None
    receipt_number: None
    source_transfer_reversal: None
    status: str
    transfer_reversal: None


REFUNDS = Kind[Refund](
    name="refund",
    prefix="re",
    noun="refund",
    indexes=("charge", "payment_intent"),
    expandable={
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "customer": "customer",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
        "source_transfer_reversal": "transfer_reversal",
        "transfer_reversal": "transfer_reversal",
    },
    shape=Refund,
)
