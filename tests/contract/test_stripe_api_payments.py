"""PaymentIntents with cards read by a local reader, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    card_present,
    new_intent,
    paid_intent,
)

pytest_plugins = ("stripe_api_fixtures",)


def charge_of(
    client: stripe.StripeClient, intent: stripe.PaymentIntent
) -> stripe.Charge:
    """The intent's latest charge."""
    return client.v1.charges.retrieve(str(intent.latest_charge))


def event_types(client: stripe.StripeClient) -> list[str]:
    """What happened, oldest first."""
    return [event.type for event in reversed(client.v1.events.list().data)]


def test_new_intent_waits_for_a_payment_method(client: stripe.StripeClient) -> None:
    intent = new_intent(client, amount=500)

    assert intent.status == "requires_payment_method"
    assert intent.amount == 500
    assert intent.payment_method_types == ["card_present"]
    assert str(intent.client_secret).startswith(f"{intent.id}_secret_")
    assert event_types(client) == ["payment_intent.created"]


def test_approved_card_pays_at_once(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, amount=10_50)

    charge = charge_of(client, intent)
    assert (intent.status, intent.amount_received) == ("succeeded", 10_50)
    assert (charge.captured, charge.amount_captured) == (True, 10_50)
    assert charge.balance_transaction is not None
    assert event_types(client) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_manual_capture_holds_the_amount(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, capture_method="manual")

    charge = charge_of(client, intent)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 10_50)
    assert (charge.captured, charge.balance_transaction) == (False, None)
    assert event_types(client)[1:] == [
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
    ]


@pytest.mark.parametrize("capture_method", ["manual", "manual_preferred"])
def test_capture_can_be_manual_for_present_cards_only(
    client: stripe.StripeClient, capture_method: Any
) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "payment_method_options": {
                "card_present": {"capture_method": capture_method}
            },
        }
    )
    intent = client.v1.payment_intents.confirm(intent.id, card_present())

    assert intent.status == "requires_capture"


@pytest.mark.parametrize(
    ("is_extended", "hours"), [(False, 2 * 24), (True, 29 * 24 + 18)]
)
def test_hold_of_a_visa_card_ends_after_two_days_or_nearly_thirty(
    client: stripe.StripeClient, is_extended: bool, hours: int
) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "capture_method": "manual",
            "payment_method_options": {
                "card_present": {"request_extended_authorization": is_extended}
            },
        }
    )
    charge = charge_of(
        client, client.v1.payment_intents.confirm(intent.id, card_present())
    )

    details = charge.payment_method_details
    assert details is not None
    assert details.card_present is not None
    assert details.card_present.capture_before == charge.created + hours * 3600


def test_capturing_twice_is_refused(client: stripe.StripeClient) -> None:
    held = paid_intent(client, capture_method="manual")
    client.v1.payment_intents.capture(held.id)

    with pytest.raises(
        stripe.InvalidRequestError, match="has a status of succeeded"
    ) as caught:
        client.v1.payment_intents.capture(held.id)

    assert caught.value.code == "payment_intent_unexpected_state"
    assert "may be captured: requires_capture." in str(caught.value.user_message)


def test_canceling_a_hold_releases_it(client: stripe.StripeClient) -> None:
    held = paid_intent(client, capture_method="manual")

    intent = client.v1.payment_intents.cancel(
        held.id, {"cancellation_reason": "requested_by_customer"}
    )

    charge = charge_of(client, intent)
    assert (intent.status, intent.amount_capturable) == ("canceled", 0)
    assert intent.cancellation_reason == "requested_by_customer"
    assert intent.canceled_at is not None
    assert (charge.refunded, charge.amount_refunded) == (True, 10_50)
    assert event_types(client)[-2:] == ["charge.refunded", "payment_intent.canceled"]


def test_canceling_an_unpaid_intent_ends_it(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.cancel(new_intent(client).id)

    assert (intent.status, intent.cancellation_reason) == ("canceled", None)
    assert event_types(client)[-1] == "payment_intent.canceled"


def test_canceling_a_paid_intent_is_refused(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)

    with pytest.raises(stripe.InvalidRequestError, match="cannot cancel") as caught:
        client.v1.payment_intents.cancel(intent.id)

    assert caught.value.code == "payment_intent_unexpected_state"
