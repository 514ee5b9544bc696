"""What `cardlane pay` prints at the end, for people and for programs. Pure."""

from __future__ import annotations

from datetime import datetime

from agent.cli.till import Ending, Order, Result
from agent.receipts.receipt import Copy
from agent.receipts.source import receipt_of
from agent.receipts.text import receipt_text
from agent.stripe_api.objects import JsonObject, number_at, object_at, text_at

_TOLD = {
    Result.APPROVED: (
        "APPROVED\n"
        "Stripe cannot be asked for the receipt now; `cardlane receipt` prints it later."
    ),
    Result.DECLINED: "DECLINED",
    Result.CANCELED: "CANCELED: nothing was charged",
    Result.FAILED: "FAILED: the customer pays nothing",
    Result.UNKNOWN: (
        "OUTCOME UNKNOWN: do not take this payment again\n"
        "The agent settles it with Stripe by itself; look at the PaymentIntent later."
    ),
}


def ending_text(
    ending: Ending, order: Order, *, merchant: str | None, at: datetime
) -> str:
    """The receipt of an approved payment, or why there is none."""
    # As it was before the payment: Stripe could not be asked since.
    is_stale = text_at(ending.intent, "status") == "requires_payment_method"
    if ending.result is Result.APPROVED and not is_stale:
        receipt = receipt_of(
            ending.intent,
            charge=object_at(ending.intent, "latest_charge"),
            merchant=merchant,
            reader_id=order.reader_id,
            at=at,
        )
        return receipt_text(receipt, copy=Copy.CUSTOMER)
    lines = [_TOLD[ending.result]]
    if ending.failure_code is not None:
        lines.append(f"{ending.failure_message or ''} ({ending.failure_code})".strip())
    lines.append(f"{order.amount}  {text_at(ending.intent, 'id')}")
    return "\n".join(lines) + "\n"


def ending_object(ending: Ending, order: Order) -> JsonObject:
    """The same for programs."""
    charge = object_at(ending.intent, "latest_charge")
    return {
        "result": ending.result.value,
        "reader": order.reader_id,
        "payment_intent": text_at(ending.intent, "id"),
        "payment_intent_status": text_at(ending.intent, "status"),
        "charge": text_at(charge, "id"),
        "amount": number_at(ending.intent, "amount"),
        "currency": text_at(ending.intent, "currency"),
        "failure_code": ending.failure_code,
        "failure_message": ending.failure_message,
    }
