"""Holds: raising their amount, and their end when nobody captures."""

from __future__ import annotations

import pytest
import stripe
from stripe_api_server import StripeApiServer, card_present, paid_intent

from simulator.clock import ManualClock

pytest_plugins = ("stripe_api_fixtures",)

DAY_S = 24 * 60 * 60


def tab(client: stripe.StripeClient, *, is_incremental: bool = True) -> str:
    """The id of a held intent of 10.00, whose amount may be raised."""
    intent = client.v1.payment_intents.create(
        {
            "amount": 10_00,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "capture_method": "manual",
            "payment_method_options": {
                "card_present": {
                    "request_incremental_authorization_support": is_incremental
                }
            },
        }
    )
    client.v1.payment_intents.confirm(intent.id, card_present())
    return intent.id


def test_amount_of_a_hold_is_raised(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.increment_authorization(
        tab(client), {"amount": 15_00, "metadata": {"round": "2"}}
    )

    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (intent.amount, intent.amount_capturable) == (15_00, 15_00)
    assert intent.metadata.to_dict() == {"round": "2"}
    assert charge.amount == 15_00
    captured = client.v1.payment_intents.capture(intent.id)
    assert captured.amount_received == 15_00


def test_declined_raise_leaves_the_hold_as_it_was(client: stripe.StripeClient) -> None:
    held = tab(client)

    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.increment_authorization(held, {"amount": 15_05})

    assert caught.value.code == "card_declined"
    intent = client.v1.payment_intents.retrieve(held)
    assert (intent.status, intent.amount) == ("requires_capture", 10_00)


def test_ten_attempts_are_the_limit(client: stripe.StripeClient) -> None:
    held = tab(client)
    for step in range(9):
        client.v1.payment_intents.increment_authorization(
            held, {"amount": 11_00 + step * 100}
        )
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.increment_authorization(held, {"amount": 50_05})

    with pytest.raises(stripe.InvalidRequestError, match="limit of incremental"):
        client.v1.payment_intents.increment_authorization(held, {"amount": 60_00})


def test_hold_without_the_request_cannot_be_raised(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="not eligible"):
        client.v1.payment_intents.increment_authorization(
            tab(client, is_incremental=False), {"amount": 15_00}
        )


def test_amount_can_only_go_up(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.increment_authorization(
            tab(client), {"amount": 10_00}
        )

    assert caught.value.param == "amount"


def test_paid_intent_cannot_be_raised(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        client.v1.payment_intents.increment_authorization(
            paid_intent(client).id, {"amount": 15_00}
        )


def test_hold_that_nobody_captures_ends(server: StripeApiServer) -> None:
    assert isinstance(server.clock, ManualClock)
    client = server.client()
    held = tab(client)

    server.clock.advance(2 * DAY_S)

    intent = client.v1.payment_intents.retrieve(held)
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
    assert (charge.refunded, charge.amount_refunded) == (True, 10_00)
    canceled, expired = client.v1.events.list().data[:2]
    assert (expired.type, canceled.type) == (
        "charge.expired",
        "payment_intent.canceled",
    )


def test_hold_that_was_captured_does_not_end(server: StripeApiServer) -> None:
    assert isinstance(server.clock, ManualClock)
    client = server.client()
    held = tab(client)
    client.v1.payment_intents.capture(held)

    server.clock.advance(3 * DAY_S)

    assert client.v1.payment_intents.retrieve(held).status == "succeeded"


def test_forgotten_hold_does_not_end(server: StripeApiServer) -> None:
    assert isinstance(server.clock, ManualClock)
    tab(server.client())
    server.api.reset()

    server.clock.advance(3 * DAY_S)

    assert server.client().v1.events.list().data == []
