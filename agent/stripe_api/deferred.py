"""Charging cards that were read while Stripe could not be reached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from agent.ids import PaymentIntentId
from agent.stripe_api.cards import ConfirmCard, payment_method_data
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.objects import number_at, text_at

MARK = "cardlane_payment"
"""The metadata key by which an intent made for a stored payment is found again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Stripe has charged, or holds, the amount."""

    payment_intent: PaymentIntentId
    status: str
    charge: str | None
    stored_at: int | None
    """When the charged card was read, as Stripe has it; None for one read online."""
    capture_before: int | None
    """When held money is released again, Unix time; None where it is not held."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Stripe has an intent, and nobody has paid it."""

    payment_intent: PaymentIntentId | None
    code: str
    decline_code: str | None
    message: str
    charge: str | None


async def charge_stored(
    client: StripeClient,
    card: ConfirmCard,
    *,
    stored_at: int,
    intent: PaymentIntentId | Mapping[str, object],
    idempotency_key: str,
) -> Taken | NotTaken:
    """Confirm the intent, or make it from its parameters and confirm it at one stroke.

    Under one key Stripe acts once, however often it is asked. NotTaken is the issuer's
    decline. Raises StripeRefused where it cannot be confirmed, StripeUnreachable where
    nothing was asked, AnswerLost where the outcome is unknown.
    """
    params: dict[str, object] = {
        "expand": ["latest_charge"],
        "payment_method_data": payment_method_data(card, stored_at=stored_at),
    }
    if isinstance(intent, str):
        path = f"/v1/payment_intents/{quote(intent, safe='')}/confirm"
    else:
        path = "/v1/payment_intents"
        params = {**intent, **params, "confirm": True}
    try:
        answer = await client.request(
            "POST", path, params=params, idempotency_key=idempotency_key
        )
    except StripeRefused as refused:
        if refused.error.status != 402 or refused.error.type != "card_error":
            raise
        return _declined(refused)
    found = _outcome(answer)
    if not isinstance(found, Taken):
        raise AnswerLost("Stripe confirmed, and the intent is not paid")
    return found


async def find(
    client: StripeClient, *, intent: PaymentIntentId | None, payment_id: str
) -> Taken | NotTaken | None:
    """What became of the intent, or of the one that was made for this payment.

    None where Stripe has none, or nobody has tried to pay it. Raises StripeRefused or
    StripeUnreachable.
    """
    if intent is not None:
        path = f"/v1/payment_intents/{quote(intent, safe='')}"
        answer = await client.request("GET", path, params={"expand": ["latest_charge"]})
        return _outcome(answer)
    answer = await client.request(
        "GET",
        "/v1/payment_intents/search",
        params={
            "query": f'metadata["{MARK}"]:"{payment_id}"',
            "expand": ["data.latest_charge"],
        },
    )
    outcomes = [_outcome(each) for each in answer.get("data", [])]
    tried = [each for each in outcomes if each is not None]
    paid = [each for each in tried if isinstance(each, Taken)]
    return next(iter([*paid, *tried]), None)


def _outcome(intent: dict[str, Any]) -> Taken | NotTaken | None:
    intent_id, status = text_at(intent, "id"), text_at(intent, "status")
    if intent_id is None or status is None:
        raise AnswerLost("Stripe's answer is no PaymentIntent")
    charge = text_at(intent, "latest_charge", "id") or text_at(intent, "latest_charge")
    if status in {"succeeded", "requires_capture"}:
        card = ("latest_charge", "payment_method_details", "card_present")
        stored_at = number_at(intent, *card, "offline", "stored_at")
        capture_before = number_at(intent, *card, "capture_before")
        return Taken(
            PaymentIntentId(intent_id), status, charge, stored_at, capture_before
        )
    if (code := text_at(intent, "last_payment_error", "code")) is None:
        return None
    return NotTaken(
        PaymentIntentId(intent_id),
        code,
        text_at(intent, "last_payment_error", "decline_code"),
        text_at(intent, "last_payment_error", "message") or "Declined.",
        charge,
    )


def _declined(refused: StripeRefused) -> NotTaken:
    error = refused.error
    made = text_at(json.loads(error.body), "error", "payment_intent", "id")
    return NotTaken(
        None if made is None else PaymentIntentId(made),
        error.code or "card_declined",
        error.decline_code,
        error.message,
        error.charge,
    )
