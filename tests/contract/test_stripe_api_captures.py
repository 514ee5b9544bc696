"""Capturing holds: less, more, once; and when a payment appears in the balance."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe_api_server import StripeApiServer, card_present, new_intent, paid_intent

pytest_plugins = ("stripe_api_fixtures",)


def hold(client: stripe.StripeClient, amount: int = 40_00, **changes: Any) -> str:
    """The id of an intent whose amount is held; `changes` are of its parameters."""
    wanted: Any = {
        "amount": amount,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
        "capture_method": "manual",
        **changes,
    }
    intent = client.v1.payment_intents.create(wanted)
    return client.v1.payment_intents.confirm(intent.id, card_present()).id


def raisable() -> Any:
    """Options of an intent whose hold may be raised."""
    return {"card_present": {"request_incremental_authorization_support": True}}


def charge_of(client: stripe.StripeClient, intent_id: str) -> Any:
    """The intent's charge, as it is now."""
    intent = client.v1.payment_intents.retrieve(intent_id)
    return client.v1.charges.retrieve(
        str(intent.latest_charge), {"expand": ["refunds"]}
    )


def event_types(client: stripe.StripeClient) -> list[str]:
    """What happened, oldest first."""
    return [event.type for event in reversed(client.v1.events.list().data)]


def test_capturing_less_releases_the_rest(client: stripe.StripeClient) -> None:
    held = hold(client, 40_00)

    intent = client.v1.payment_intents.capture(held, {"amount_to_capture": 30_00})

    charge = charge_of(client, held)
    assert (intent.status, intent.amount_received) == ("succeeded", 30_00)
    assert (intent.amount, intent.amount_capturable) == (40_00, 0)
    assert (charge.amount, charge.amount_captured) == (40_00, 30_00)
    assert (charge.amount_refunded, charge.refunded) == (10_00, False)


def test_what_is_released_is_shown_as_a_refund_without_money(
    client: stripe.StripeClient,
) -> None:
    held = hold(client, 40_00)

    client.v1.payment_intents.capture(held, {"amount_to_capture": 30_00})

    charge = charge_of(client, held)
    (released,) = charge.refunds.data
    assert (released.amount, released.status) == (10_00, "succeeded")
    assert released.balance_transaction is None
    assert released.destination_details.card.type == "reversal"
    booked = client.v1.balance_transactions.list().data
    assert [(each.source, each.amount) for each in booked] == [(charge.id, 30_00)]
    assert event_types(client)[-3:] == [
        "refund.created",
        "charge.captured",
        "payment_intent.succeeded",
    ]


def test_all_that_was_captured_can_be_refunded(client: stripe.StripeClient) -> None:
    held = hold(client, 40_00)
    client.v1.payment_intents.capture(held, {"amount_to_capture": 30_00})

    refund = client.v1.refunds.create({"payment_intent": held})

    charge = charge_of(client, held)
    assert refund.amount == 30_00
    assert (charge.amount_refunded, charge.refunded) == (40_00, True)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": held})
    assert caught.value.code == "charge_already_refunded"


def test_hold_is_captured_once_only(client: stripe.StripeClient) -> None:
    held = hold(client)
    client.v1.payment_intents.capture(held, {"amount_to_capture": 1_00})

    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        client.v1.payment_intents.capture(held, {"amount_to_capture": 1_00})


def test_capture_of_a_present_card_is_final(client: stripe.StripeClient) -> None:
    held = hold(client)

    with pytest.raises(stripe.InvalidRequestError, match="Multicapture") as caught:
        client.v1.payment_intents.capture(held, {"final_capture": False})

    assert caught.value.param == "final_capture"
    assert client.v1.payment_intents.capture(held, {"final_capture": True}).amount


def test_tip_on_the_receipt_is_captured_beyond_the_hold(
    client: stripe.StripeClient,
) -> None:
    held = hold(client, 40_00)
    assert charge_of(
        client, held
    ).payment_method_details.card_present.overcapture_supported

    intent = client.v1.payment_intents.capture(held, {"amount_to_capture": 90_00})

    charge = charge_of(client, held)
    assert (intent.amount, intent.amount_received) == (90_00, 90_00)
    assert (charge.amount, charge.amount_captured) == (90_00, 90_00)
    assert charge.payment_method_details.card_present.amount_authorized == 40_00
    assert (charge.amount_refunded, charge.refunded) == (0, False)


def test_capturing_beyond_the_tolerance_is_refused(
    client: stripe.StripeClient,
) -> None:
    held = hold(client, 40_00)

    with pytest.raises(stripe.InvalidRequestError, match="greater than") as caught:
        client.v1.payment_intents.capture(held, {"amount_to_capture": 90_01})

    assert (caught.value.code, caught.value.param) == (
        "amount_too_large",
        "amount_to_capture",
    )
    assert client.v1.payment_intents.retrieve(held).status == "requires_capture"


def test_overcapture_is_not_there_for_other_currencies(
    client: stripe.StripeClient,
) -> None:
    held = hold(client, 40_00, currency="eur")

    details = charge_of(client, held).payment_method_details.card_present
    assert not details.overcapture_supported
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(held, {"amount_to_capture": 40_01})
    assert caught.value.code == "amount_too_large"


def test_capture_beyond_the_tolerance_raises_the_hold_by_itself(
    client: stripe.StripeClient,
) -> None:
    held = hold(client, 40_00, payment_method_options=raisable())

    intent = client.v1.payment_intents.capture(held, {"amount_to_capture": 200_00})

    charge = charge_of(client, held)
    assert (intent.status, intent.amount_received) == ("succeeded", 200_00)
    assert (charge.amount, charge.amount_captured) == (200_00, 200_00)
    assert event_types(client)[-3:] == [
        "charge.updated",
        "charge.captured",
        "payment_intent.succeeded",
    ]


def test_declined_raise_leaves_the_hold_to_be_captured(
    client: stripe.StripeClient,
) -> None:
    held = hold(client, 40_00, payment_method_options=raisable())

    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.capture(held, {"amount_to_capture": 200_05})

    assert caught.value.code == "card_declined"
    intent = client.v1.payment_intents.retrieve(held)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 40_00)
    assert client.v1.payment_intents.capture(held).amount_received == 40_00


@pytest.mark.parametrize("operation", ["capture", "increment_authorization"])
def test_refused_metadata_leave_the_hold_as_it_was(
    client: stripe.StripeClient, operation: str
) -> None:
    held = hold(client, payment_method_options=raisable())
    params: Any = {"metadata": {f"key{number}": "1" for number in range(51)}}
    if operation == "increment_authorization":
        params["amount"] = 50_00

    with pytest.raises(stripe.InvalidRequestError, match="metadata keys"):
        getattr(client.v1.payment_intents, operation)(held, params)

    charge = charge_of(client, held)
    assert (charge.captured, charge.amount) == (False, 40_00)
    assert client.v1.payment_intents.retrieve(held).amount_capturable == 40_00


def test_asynchronous_capture_is_booked_a_moment_later(
    client: stripe.StripeClient,
) -> None:
    intent = client.v1.payment_intents.confirm(
        new_intent(client, capture_method="automatic_async").id,
        {**card_present(), "expand": ["latest_charge"]},
    )

    at_first: Any = intent.latest_charge
    assert (intent.status, at_first.captured) == ("succeeded", True)
    assert at_first.balance_transaction is None
    later = charge_of(client, intent.id)
    assert later.balance_transaction is not None
    (updated,) = client.v1.events.list({"type": "charge.updated"}).data
    assert updated.data.object["balance_transaction"] == later.balance_transaction
    before: Any = updated.data.previous_attributes
    assert before.to_dict() == {"balance_transaction": None}


def test_automatic_capture_is_booked_at_once(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.confirm(
        new_intent(client, capture_method="automatic").id,
        {**card_present(), "expand": ["latest_charge"]},
    )

    charge: Any = intent.latest_charge
    assert charge.balance_transaction is not None


def test_manual_capture_is_booked_at_once(server: StripeApiServer) -> None:
    client = server.client()
    held = paid_intent(client, capture_method="manual")

    intent = client.v1.payment_intents.capture(held.id, {"expand": ["latest_charge"]})

    charge: Any = intent.latest_charge
    assert charge.balance_transaction is not None


@pytest.mark.parametrize("priority", ["domestic", "international"])
def test_routing_priority_is_kept(client: stripe.StripeClient, priority: Any) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 10_00,
            "currency": "aud",
            "allowed_payment_method_types": ["card_present"],
            "payment_method_options": {
                "card_present": {"routing": {"requested_priority": priority}}
            },
        }
    )

    kept: Any = intent.payment_method_options
    assert kept.card_present.routing.requested_priority == priority


@settings(max_examples=40)
@given(
    authorized=st.integers(min_value=50, max_value=30_000),
    asked=st.integers(min_value=1, max_value=60_000),
)
def test_amounts_agree_whatever_is_captured(
    any_server: StripeApiServer, authorized: int, asked: int
) -> None:
    client = any_server.client()
    held = hold(client, authorized)
    most = authorized + max(authorized // 2, 50_00)

    if asked > most:
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.capture(held, {"amount_to_capture": asked})
        assert charge_of(client, held).amount_captured == 0
        return
    intent = client.v1.payment_intents.capture(held, {"amount_to_capture": asked})

    charge = charge_of(client, held)
    assert intent.amount_received == charge.amount_captured == asked
    assert intent.amount == charge.amount == max(asked, authorized)
    assert charge.amount_captured + charge.amount_refunded == charge.amount
    assert charge.payment_method_details.card_present.amount_authorized == authorized


@pytest.fixture(scope="module")
def any_server(_running: StripeApiServer) -> StripeApiServer:
    """A running API with whatever objects there are."""
    return _running
