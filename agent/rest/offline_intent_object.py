"""A PaymentIntent of this machine as Stripe would show it. Pure."""

from __future__ import annotations

from agent.offline.intents import LocalIntent
from agent.offline.states import OfflinePayment, OfflineState
from agent.rest.reader_object import Json, JsonObject


def local_intent_object(
    intent: LocalIntent, payment: OfflinePayment | None, *, livemode: bool
) -> JsonObject:
    """The fields that have a value without Stripe; `offline` is the agent's own.

    `payment` is what was stored for it.
    """
    metadata = intent.params.get("metadata")
    shown: JsonObject = {}
    if isinstance(metadata, dict):
        shown = {str(name): str(value) for name, value in metadata.items()}
    capture_method = intent.params.get("capture_method")
    description = intent.params.get("description")
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount if payment is None else payment.stored.amount,
        "capture_method": str(capture_method or "automatic"),
        "created": intent.created,
        "currency": intent.currency,
        "description": None if description is None else str(description),
        "latest_charge": None if payment is None else payment.charge,
        "livemode": livemode,
        "metadata": shown,
        "payment_method_types": ["card_present"],
        "status": _status(intent, payment),
        "offline": _offline(intent, payment),
    }


def _status(intent: LocalIntent, payment: OfflinePayment | None) -> str:
    """Stripe's word; `processing` for what is stored: paid, for all this machine knows."""
    if payment is None:
        return "canceled" if intent.is_canceled else "requires_payment_method"
    match payment.state:
        case OfflineState.FORWARDED:
            return payment.intent_status or "succeeded"
        case OfflineState.DECLINED | OfflineState.VOIDED:
            return "requires_payment_method"
        case _:
            return "processing"


def _offline(intent: LocalIntent, payment: OfflinePayment | None) -> dict[str, Json]:
    return {
        "behavior": intent.behavior.value,
        "status": None if payment is None else payment.state.value,
        "payment": None if payment is None else payment.stored.payment_id,
        "payment_intent": None if payment is None else payment.payment_intent,
        "failure_code": None if payment is None else payment.failure_code,
        "failure_message": None if payment is None else payment.failure_message,
    }
