"""A receipt's content, read from Stripe's PaymentIntent and account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

from agent.cli.receipt import CardDetails, Receipt
from agent.cli.stripe_objects import Json, JsonObject, number_at, object_at, text_at
from agent.money import Amount


def receipt_of(
    intent: JsonObject, *, merchant: str | None, reader_id: str, at: datetime
) -> Receipt:
    """The receipt of a PaymentIntent whose `latest_charge` is expanded."""
    currency = text_at(intent, "currency") or ""
    tip = number_at(intent, "amount_details", "tip", "amount")
    return Receipt(
        merchant=merchant,
        at=at,
        reader_id=reader_id,
        payment_intent=text_at(intent, "id") or "",
        total=Amount(number_at(intent, "amount") or 0, currency),
        tip=None if tip is None else Amount(tip, currency),
        is_captured=text_at(intent, "status") == "succeeded",
        card=card_details(object_at(intent, "latest_charge")),
    )


def card_details(charge: JsonObject) -> CardDetails:
    """What a charge tells of its card."""
    details = object_at(charge, "payment_method_details")
    card = object_at(details, text_at(details, "type") or "card_present")
    told: Mapping[str, Json] = card | object_at(card, "receipt")
    return CardDetails(
        **{
            field.name: value
            for field in fields(CardDetails)
            if isinstance(value := told.get(field.name), str)
        }
    )


def merchant_of(account: JsonObject) -> str | None:
    """The name that the account shows to customers."""
    return text_at(account, "business_profile", "name") or text_at(
        account, "settings", "dashboard", "display_name"
    )
