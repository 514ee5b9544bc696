"""What a refused request leaves behind: nothing, but for what Stripe keeps too."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    UNREADABLE_DATA,
    StripeApiServer,
    card_present,
    declined_data,
)

pytest_plugins = ("stripe_api_fixtures",)


def pay_at_once(client: stripe.StripeClient, **params: Any) -> stripe.PaymentIntent:
    """Create an intent and confirm it in one request."""
    wanted: Any = {
        "amount": 10_00,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
        "confirm": True,
        **params,
    }
    return client.v1.payment_intents.create(wanted)


@pytest.mark.parametrize(
    "params",
    [
        {"payment_method": "pm_none"},
        {"payment_method": "pm_card_visa"},
        {**card_present(UNREADABLE_DATA)},
    ],
    ids=["missing", "not allowed", "unreadable"],
)
def test_intent_whose_confirmation_is_refused_does_not_exist(
    client: stripe.StripeClient, params: dict[str, Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        pay_at_once(client, **params)

    assert client.v1.payment_intents.list().data == []
    assert client.v1.events.list().data == []


def test_intent_that_lacks_only_a_payment_method_is_kept(
    client: stripe.StripeClient,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay_at_once(client)

    error: Any = caught.value.error
    (intent,) = client.v1.payment_intents.list().data
    assert error.payment_intent["id"] == intent.id
    assert intent.status == "requires_payment_method"


def test_intent_whose_card_is_declined_is_kept(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError):
        pay_at_once(client, **card_present(declined_data("lost_card")))

    (intent,) = client.v1.payment_intents.list().data
    assert intent.last_payment_error is not None
    assert [event.type for event in client.v1.events.list().data] == [
        "payment_intent.payment_failed",
        "charge.failed",
        "payment_intent.created",
    ]


def test_webhooks_tell_nothing_of_what_was_refused(server: StripeApiServer) -> None:
    told: list[str] = []
    server.api.add_listener(lambda event: told.append(event["type"]))

    with pytest.raises(stripe.InvalidRequestError):
        pay_at_once(server.client(), payment_method="pm_none")

    assert told == []
