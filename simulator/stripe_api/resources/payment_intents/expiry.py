"""Holds end by themselves: an amount that is not captured in time is released."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.charges import CHARGES
from simulator.stripe_api.resources.payment_intents.fields import (
    PAYMENT_INTENTS,
    PaymentIntent,
    held_charge,
    save,
)
from simulator.stripe_api.resources.payment_intents.states import (
    TRANSITIONS,
    Status,
    Step,
)
from simulator.stripe_api.resources.refunds.giving_back import release


def expire_uncaptured(call: Call, intent: PaymentIntent, *, after_s: int) -> None:
    """Cancel the intent in so many seconds, unless it is captured or canceled first."""
    call.agenda.later.append((after_s, partial(_expire, intent_id=intent["id"])))


def watch_holds(call: Call) -> None:
    """See to the end of all holds there are, which may come from elsewhere."""
    for intent in call.store.of(PAYMENT_INTENTS).newest_first():
        charge = call.store.of(CHARGES).get(intent["latest_charge"] or "")
        if intent["status"] is Status.REQUIRES_CAPTURE and charge is not None:
            details: Mapping[str, Any] = charge["payment_method_details"]
            card = details.get(details["type"]) or {}
            before = card.get("capture_before") or call.now
            expire_uncaptured(call, intent, after_s=max(0, before - call.now))


def _expire(call: Call, *, intent_id: str) -> None:
    intent = call.store.of(PAYMENT_INTENTS).get(intent_id)
    if intent is None or intent["status"] is not Status.REQUIRES_CAPTURE:
        return
    held = held_charge(call, intent)
    released = release(
        call, held, amount=held["amount"], reason="expired_uncaptured_charge"
    )
    call.emit("charge.expired", released, before=held)
    expired = intent.copy()
    expired["status"] = TRANSITIONS[intent["status"], Step.CANCEL]
    expired["amount_capturable"] = 0
    expired["canceled_at"] = call.now
    expired["cancellation_reason"] = "automatic"
    save(call, expired)
    call.emit("payment_intent.canceled", expired)
