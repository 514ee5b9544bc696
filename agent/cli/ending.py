"""What `cardlane pay` prints at the end, for people and for programs. Pure."""

from __future__ import annotations

from datetime import datetime

from agent.cli.receipt import print_receipt
from agent.cli.receipt_source import receipt_of
from agent.cli.stripe_objects import JsonObject, number_at, object_at, text_at
from agent.cli.till import Ending, Order, Result

_TOLD = {
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
    if ending.result is Result.APPROVED:
        receipt = receipt_of(
            ending.intent, merchant=merchant, reader_id=order.reader_id, at=at
        )
        return print_receipt(receipt)
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
