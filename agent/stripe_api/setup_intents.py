"""SetupIntents: what keeping a card for later needs of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from agent.ids import SetupIntentId
from agent.stripe_api.cards import (
    ConfirmCard,
    Refused,
    payment_method_data,
    refusal_of,
)
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.objects import JsonObject, object_at, text_at

_EXPAND = {
    "expand": ["latest_attempt.payment_method_details.card_present.generated_card"]
}


@dataclass(frozen=True, slots=True)
class SetupIntent:
    """A SetupIntent as Stripe has it now."""

    id: SetupIntentId
    status: str
    payment_method_types: tuple[str, ...]
    generated_card: str | None
    """The `card` PaymentMethod that the latest attempt has left, `pm_…`."""
    emv_auth_data: str | None = field(default=None, repr=False)
    """The issuer's answer for the chip (tags 8A, 91), hex."""
    reference: str | None = field(default=None, repr=False)
    """The register's own, from `metadata`."""


async def retrieve(client: StripeClient, intent_id: SetupIntentId) -> SetupIntent:
    """Raises StripeRefused (`resource_missing`), StripeUnreachable or AnswerLost."""
    answer = await client.request("GET", _path(intent_id), params=_EXPAND)
    return _intent(answer)


async def confirm(
    client: StripeClient,
    intent_id: SetupIntentId,
    *,
    card: ConfirmCard,
    allow_redisplay: str,
    idempotency_key: str,
) -> SetupIntent | Refused:
    """Keep the card. Under one key Stripe acts once, however often it is asked.

    Raises StripeRefused where the intent cannot be confirmed, StripeUnreachable where
    nothing was asked, AnswerLost where the outcome is unknown.
    """
    data = {**payment_method_data(card), "allow_redisplay": allow_redisplay}
    try:
        answer = await client.request(
            "POST",
            _path(intent_id, "confirm"),
            params={"payment_method_data": data, **_EXPAND},
            idempotency_key=idempotency_key,
        )
    except StripeRefused as refused:
        return refusal_of(refused)
    intent = _intent(answer)
    if intent.status != "succeeded":
        raise AnswerLost(f"Stripe confirmed, yet the intent is {intent.status}")
    return intent


def _path(intent_id: SetupIntentId, verb: str = "") -> str:
    # The id comes from a register app: it must not reach another route.
    path = f"/v1/setup_intents/{quote(intent_id, safe='')}"
    return f"{path}/{verb}" if verb else path


def _intent(answer: dict[str, Any]) -> SetupIntent:
    """Raises AnswerLost for an object that is no SetupIntent."""
    details = object_at(
        answer, "latest_attempt", "payment_method_details", "card_present"
    )
    try:
        return SetupIntent(
            id=SetupIntentId(answer["id"]),
            status=answer["status"],
            payment_method_types=tuple(answer["payment_method_types"]),
            generated_card=text_at(details, "generated_card", "id"),
            emv_auth_data=_auth_data(object_at(details, "generated_card")),
            reference=text_at(answer, "metadata", "reference"),
        )
    except KeyError as missing:
        raise AnswerLost(f"Stripe's SetupIntent has no {missing}") from missing


def _auth_data(card: JsonObject) -> str | None:
    origin = ("card", "generated_from", "payment_method_details", "card_present")
    return text_at(card, *origin, "emv_auth_data")
