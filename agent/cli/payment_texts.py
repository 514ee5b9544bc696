"""What `cardlane payments` prints for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from agent.cli.tables import table
from agent.money import Amount
from agent.stripe_api.objects import JsonObject, number_at, text_at

_HEADINGS = ("PAYMENT", "BEGUN", "AMOUNT", "STATE", "NEXT STEP", "PAYMENT INTENT")


def payments_table(payments: Sequence[JsonObject]) -> str:
    """One line a payment."""
    return table(_HEADINGS, [_row(payment) for payment in payments])


def payment_text(payment: JsonObject) -> str:
    """Everything about one payment that people ask for."""
    lines = [
        f"{_text(payment, 'id')}  {_amount(payment, 'amount')}",
        f"{_text(payment, 'known')} As of {_time(payment, 'as_of')}.",
        f"Next step:      {_text(payment, 'next_step')}",
    ]
    told = {
        "Begun": _time(payment, "created"),
        "Reader": _text(payment, "reader"),
        "PaymentIntent": _text(payment, "payment_intent"),
        "Charge": _text(payment, "charge"),
        "Captured": _amount(payment, "amount_received"),
        "Given back": _amount(payment, "amount_returned"),
        "Held until": _held_until(payment),
        "Reason": _reason(payment),
    }
    lines += [f"{f'{name}:':<16}{text}" for name, text in told.items() if text]
    return "\n".join(lines)


def amount_text(minor: int | None, currency: str | None) -> str:
    """`12.34 USD`; nothing where it is not known."""
    if minor is None or not currency:
        return ""
    return str(Amount(minor, currency))


def _row(payment: JsonObject) -> list[str]:
    state = _text(payment, "phase")
    if text_at(payment, "payment_intent_status") == "requires_capture":
        state = f"held until {_time(payment, 'capture_before') or '?'}"
    return [
        _text(payment, "id"),
        _time(payment, "created"),
        _amount(payment, "amount"),
        state,
        _text(payment, "next_step"),
        _text(payment, "payment_intent") or "-",
    ]


def _held_until(payment: JsonObject) -> str:
    if text_at(payment, "payment_intent_status") != "requires_capture":
        return ""
    return _time(payment, "capture_before")


def _reason(payment: JsonObject) -> str:
    code = _text(payment, "failure_code")
    return f"{_text(payment, 'failure_message')} ({code})".strip() if code else ""


def _amount(payment: JsonObject, name: str) -> str:
    return amount_text(number_at(payment, name), text_at(payment, "currency"))


def _text(payment: JsonObject, name: str) -> str:
    return text_at(payment, name) or ""


def _time(payment: JsonObject, name: str) -> str:
    seconds = number_at(payment, name)
    if seconds is None:
        return ""
    return f"{datetime.fromtimestamp(seconds, UTC):%F %T}Z"
