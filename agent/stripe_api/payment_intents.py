"""PaymentIntents: what a card payment needs of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from agent.ids import PaymentIntentId
from agent.stripe_api.cards import (
    ConfirmCard,
    Refused,
    payment_method_data,
    refusal_of,
)
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.objects import JsonObject, number_at, object_at, text_at

_EXPAND = {"expand": ["latest_charge"]}


@dataclass(frozen=True, slots=True)
class PaymentIntent:
    """A PaymentIntent as Stripe has it now."""

    id: PaymentIntentId
    status: str
    amount: int
    """Minor units of `currency`."""
    currency: str
    livemode: bool
    payment_method_types: tuple[str, ...]
    latest_charge: str | None
    is_refunded: bool
    """Whether the latest charge was given back in full."""
    amount_received: int
    """What was captured, minor units."""
    amount_returned: int
    """What was captured and given back since, minor units."""
    is_disputed: bool
    """Whether the cardholder disputes the latest charge."""
    capture_before: int | None
    """When what is held is released, Unix time; None where nothing says so."""
    last_error_code: str | None
    """Of the last attempt that failed."""
    reference: str | None = field(default=None, repr=False)
    """The register's own, from `metadata`."""
    last_decline_code: str | None = None
    last_error_message: str | None = None
    tip: int | None = None
    """What of the amount is a tip; None where nobody was asked."""


@dataclass(frozen=True, slots=True)
class Authorized:
    """The issuer will pay: the intent has succeeded or awaits capture."""

    status: str
    charge: str | None
    emv_auth_data: str | None = field(repr=False)
    """The issuer's answer for the chip (tags 8A, 91), hex; None for a swipe."""
    capture_before: int | None = None
    """As a PaymentIntent has it."""


async def retrieve(client: StripeClient, intent_id: PaymentIntentId) -> PaymentIntent:
    """Raises StripeRefused (`resource_missing`) or StripeUnreachable."""
    answer = await client.request("GET", path_of(intent_id), params=_EXPAND)
    return intent_of(answer)


async def confirm(
    client: StripeClient,
    intent_id: PaymentIntentId,
    *,
    card: ConfirmCard,
    amount: int,
    allow_redisplay: str | None = None,
    idempotency_key: str,
) -> Authorized | Refused:
    """Ask for the money. Under one key Stripe acts once, however often it is asked.

    `amount` is what the cardholder has agreed to, without a tip chosen since: Stripe
    refuses where the intent is over another one now.

    Raises StripeRefused where the intent cannot be confirmed, StripeUnreachable where
    nothing was asked, AnswerLost where the outcome is unknown.
    """
    try:
        answer = await client.request(
            "POST",
            path_of(intent_id, "confirm"),
            params={
                "amount_to_confirm": amount,
                "payment_method_data": {
                    **payment_method_data(card),
                    "allow_redisplay": allow_redisplay,
                },
                **_EXPAND,
            },
            idempotency_key=idempotency_key,
        )
    except StripeRefused as refused:
        return refusal_of(refused)
    return _authorized(answer)


async def cancel(
    client: StripeClient, intent_id: PaymentIntentId, *, idempotency_key: str
) -> PaymentIntent:
    """Release an authorisation. Raises as `confirm`."""
    answer = await client.request(
        "POST",
        path_of(intent_id, "cancel"),
        params=_EXPAND,
        idempotency_key=idempotency_key,
    )
    return intent_of(answer)


def path_of(intent_id: PaymentIntentId, verb: str = "") -> str:
    """Where the PaymentIntent, or something to do with it, is."""
    # The id may come from a register app: it must not reach another route.
    path = f"/v1/payment_intents/{quote(intent_id, safe='')}"
    return f"{path}/{verb}" if verb else path


def _authorized(answer: dict[str, Any]) -> Authorized:
    intent = intent_of(answer)
    if intent.status not in {"succeeded", "requires_capture"}:
        raise AnswerLost(f"Stripe confirmed, yet the intent is {intent.status}")
    return Authorized(
        intent.status,
        charge=intent.latest_charge,
        emv_auth_data=text_at(_card(answer), "emv_auth_data"),
        capture_before=intent.capture_before,
    )


def _card(answer: JsonObject) -> JsonObject:
    """What the latest charge, if it is expanded, tells of its card."""
    details = object_at(answer, "latest_charge", "payment_method_details")
    return object_at(details, text_at(details, "type") or "card_present")


def _amount_returned(charge: JsonObject) -> int:
    """Stripe counts what a capture has released as refunded, too."""
    released = (number_at(charge, "amount") or 0) - (
        number_at(charge, "amount_captured") or 0
    )
    return max(0, (number_at(charge, "amount_refunded") or 0) - released)


def intent_of(answer: dict[str, Any]) -> PaymentIntent:
    """The PaymentIntent in an answer of Stripe's that expands `latest_charge`.

    Raises AnswerLost for an object that is no PaymentIntent.
    """
    charge = answer.get("latest_charge")
    expanded = charge if isinstance(charge, dict) else None
    try:
        return PaymentIntent(
            id=PaymentIntentId(answer["id"]),
            status=answer["status"],
            amount=answer["amount"],
            currency=answer["currency"],
            livemode=answer["livemode"],
            payment_method_types=tuple(answer["payment_method_types"]),
            latest_charge=expanded["id"] if expanded else charge,
            is_refunded=expanded is not None and expanded["refunded"],
            amount_received=number_at(answer, "amount_received") or 0,
            amount_returned=_amount_returned(expanded or {}),
            is_disputed=expanded is not None and expanded.get("disputed") is True,
            capture_before=number_at(_card(answer), "capture_before"),
            last_error_code=(answer.get("last_payment_error") or {}).get("code"),
            reference=text_at(answer, "metadata", "reference"),
            last_decline_code=text_at(answer, "last_payment_error", "decline_code"),
            last_error_message=text_at(answer, "last_payment_error", "message"),
            tip=number_at(answer, "amount_details", "tip", "amount"),
        )
    except KeyError as missing:
        raise AnswerLost(f"Stripe's PaymentIntent has no {missing}") from missing
