"""Stripe's JSON, as the command line reads it: the few fields it shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import TypeAlias

from agent.cli.receipt import CardDetails, Receipt
from agent.money import Amount

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


def text_at(node: Json, *path: str) -> str | None:
    """The text at `path`; None where there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, str) else None


def number_at(node: Json, *path: str) -> int | None:
    """The whole number at `path`; None where there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, int) and not isinstance(node, bool) else None


def object_at(node: Json, *path: str) -> JsonObject:
    """The object at `path`; an empty one where there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


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
