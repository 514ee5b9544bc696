"""PaymentIntents paid with cards that were typed in, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    StripeApiServer,
    card_present,
    new_intent,
    paid_intent,
    serving,
)

from simulator.clock import ManualClock

pytest_plugins = ("stripe_api_fixtures",)

DAY_S = 24 * 60 * 60
NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}


def create(client: stripe.StripeClient, **changes: Any) -> stripe.PaymentIntent:
    """An intent for cards."""
    sent: Any = {
        "amount": 10_50,
        "currency": "usd",
        "allowed_payment_method_types": ["card"],
        **changes,
    }
    return client.v1.payment_intents.create(sent)


def pay(
    client: stripe.StripeClient, method: str = "pm_card_visa", **changes: Any
) -> stripe.PaymentIntent:
    """An intent that is confirmed at once."""
    return create(client, payment_method=method, confirm=True, **changes)


def charge_of(
    client: stripe.StripeClient, intent: stripe.PaymentIntent
) -> stripe.Charge:
    return client.v1.charges.retrieve(str(intent.latest_charge))


def test_card_is_charged_at_once(server: StripeApiServer) -> None:
    client = server.client()

    intent = pay(client, capture_method="automatic")

    charge = charge_of(client, intent)
    assert (intent.status, intent.amount_received) == ("succeeded", 10_50)
    assert (charge.paid, charge.captured) == (True, True)
    assert charge.payment_method == intent.payment_method
    details = charge.payment_method_details
    assert details is not None
    assert details.card is not None
    assert (details.card.last4, details.card.network) == ("4242", "visa")
    assert charge.balance_transaction is not None
    assert list(server.witness.problems()) == []


def test_events_tell_of_the_payment(client: stripe.StripeClient) -> None:
    pay(client, capture_method="automatic")

    types = [event.type for event in client.v1.events.list().data]
    assert types == [
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]


def test_card_is_chosen_first_and_confirmed_later(client: stripe.StripeClient) -> None:
    intent = create(client)

    chosen = client.v1.payment_intents.update(
        intent.id, {"payment_method": "pm_card_mastercard"}
    )
    paid = client.v1.payment_intents.confirm(intent.id)

    assert intent.status == "requires_payment_method"
    assert chosen.status == "requires_confirmation"
    assert (paid.status, paid.payment_method) == ("succeeded", chosen.payment_method)


def test_intent_is_made_with_a_card(client: stripe.StripeClient) -> None:
    intent = create(client, payment_method="pm_card_visa")

    assert intent.status == "requires_confirmation"
    assert str(intent.payment_method).startswith("pm_")


def test_card_comes_along_by_its_token(client: stripe.StripeClient) -> None:
    data: Any = {
        "type": "card",
        "card": {"token": "tok_visa"},
        "billing_details": {"email": "ada@example.com"},
    }

    intent = create(client, payment_method_data=data, confirm=True)

    assert intent.status == "succeeded"
    assert charge_of(client, intent).billing_details.email == "ada@example.com"


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        (
            "pm_card_chargeDeclinedProcessingError",
            "processing_error",
            "processing_error",
        ),
        (
            "pm_card_authenticationRequired",
            "authentication_required",
            "authentication_required",
        ),
    ],
)
def test_declined_card_leaves_the_intent_open(
    server: StripeApiServer, method: str, code: str, decline_code: str
) -> None:
    client = server.client()
    intent = create(client)

    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": method})

    after = client.v1.payment_intents.retrieve(intent.id)
    body: Any = caught.value.json_body
    assert (caught.value.code, body["error"]["decline_code"]) == (code, decline_code)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error is not None
    assert after.last_payment_error.code == code
    assert charge_of(client, after).status == "failed"
    again = client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa"}
    )
    assert again.status == "succeeded"
    assert list(server.witness.problems()) == []


def test_wrong_cvc_shows_in_the_charge(client: stripe.StripeClient) -> None:
    intent = create(client)
    method = {"payment_method": "pm_card_chargeDeclinedIncorrectCvc"}
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(intent.id, method)  # type: ignore[arg-type]

    after = client.v1.payment_intents.retrieve(intent.id)

    details = charge_of(client, after).payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.checks is not None
    assert details.card.checks.cvc_check == "fail"


def test_held_amount_is_captured_or_released(client: stripe.StripeClient) -> None:
    held = pay(client, capture_method="manual")
    other = pay(client, payment_method_options={"card": {"capture_method": "manual"}})

    captured = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 5_00})
    canceled = client.v1.payment_intents.cancel(other.id)

    assert (held.status, held.amount_capturable) == ("requires_capture", 10_50)
    assert (captured.status, captured.amount_received) == ("succeeded", 5_00)
    assert canceled.status == "canceled"


def test_hold_ends_after_a_week() -> None:
    with serving() as server:
        assert isinstance(server.clock, ManualClock)
        client = server.client()
        held = pay(client, capture_method="manual")
        server.clock.advance(7 * DAY_S)

        ended = client.v1.payment_intents.retrieve(held.id)

    assert (ended.status, ended.cancellation_reason) == ("canceled", "automatic")


def test_paid_card_is_refunded(client: stripe.StripeClient) -> None:
    intent = pay(client)

    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 50})

    assert (refund.status, refund.amount) == ("succeeded", 50)


def test_card_without_customer_serves_once(client: stripe.StripeClient) -> None:
    method = client.v1.payment_methods.retrieve("pm_card_visa")
    pay(client, method.id)

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        pay(client, method.id)


def test_card_is_saved_for_the_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()

    first = pay(client, customer=customer.id, setup_future_usage="off_session")
    again = pay(
        client, str(first.payment_method), customer=customer.id, off_session=True
    )

    methods = client.v1.customers.payment_methods.list(customer.id)
    assert [each.id for each in methods.data] == [first.payment_method]
    assert again.status == "succeeded"


def test_card_of_another_customer_is_refused(client: stripe.StripeClient) -> None:
    owner, other = client.v1.customers.create(), client.v1.customers.create()
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})

    for changes in ({}, {"customer": other.id}):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            pay(client, method.id, **changes)
        assert caught.value.param == "payment_method"


def test_card_made_from_a_present_one_pays_online(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()
    present = client.v1.payment_intents.create(
        {
            "amount": 450,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "customer": customer.id,
            "setup_future_usage": "off_session",
        }
    )
    client.v1.payment_intents.confirm(present.id, card_present())
    (generated,) = client.v1.customers.payment_methods.list(customer.id).data

    assert pay(client, generated.id, customer=customer.id).status == "succeeded"


def test_present_card_is_not_charged_again(client: stripe.StripeClient) -> None:
    method = str(paid_intent(client).payment_method)

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        pay(client, method)


def test_typed_in_card_is_not_present(client: stripe.StripeClient) -> None:
    intent = new_intent(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert caught.value.code == "payment_intent_invalid_parameter"


def test_redirects_must_lead_back(client: stripe.StripeClient) -> None:
    everything: Any = {"amount": 10_50, "currency": "usd"}
    confirmed: Any = {"payment_method": "pm_card_visa", "confirm": True}
    back: Any = {"return_url": "https://example.com/"}
    never: Any = {"automatic_payment_methods": NO_REDIRECTS}

    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.create(everything | confirmed)
    for changes in (back, never):
        intent = client.v1.payment_intents.create(everything | confirmed | changes)
        assert intent.status == "succeeded"


def test_intent_without_a_card_cannot_be_confirmed(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(create(client).id)

    assert caught.value.code == "payment_intent_unexpected_state"


def test_two_cards_at_once_are_refused(client: stripe.StripeClient) -> None:
    data: Any = {"type": "card", "card": {"token": "tok_visa"}}

    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(client, payment_method_data=data)

    assert caught.value.code == "parameters_exclusive"


def test_expired_card_is_declined() -> None:
    with serving() as server:
        assert isinstance(server.clock, ManualClock)
        client = server.client()
        method = client.v1.payment_methods.retrieve("pm_card_visa")
        server.clock.advance(5 * 366 * DAY_S)

        with pytest.raises(stripe.CardError) as caught:
            pay(client, method.id)

    assert caught.value.code == "expired_card"


def confirmation_token(client: stripe.StripeClient, **changes: Any) -> str:
    sent: Any = {"payment_method": "pm_card_visa", **changes}
    return client.v1.test_helpers.confirmation_tokens.create(sent).id


def test_confirmation_token_brings_everything(client: stripe.StripeClient) -> None:
    shipping = {"name": "Ada", "address": {"city": "Berlin"}}
    token = confirmation_token(
        client, shipping=shipping, setup_future_usage="off_session"
    )

    intent = create(client, confirmation_token=token, confirm=True)

    used = client.v1.confirmation_tokens.retrieve(token)
    assert (intent.status, intent.setup_future_usage) == ("succeeded", "off_session")
    assert intent.shipping is not None
    assert intent.shipping.name == "Ada"
    assert (used.payment_intent, used.expires_at) == (intent.id, None)


def test_confirmation_token_serves_one_intent(client: stripe.StripeClient) -> None:
    token = confirmation_token(client)
    create(client, confirmation_token=token, confirm=True)

    with pytest.raises(stripe.InvalidRequestError, match="already been used"):
        create(client, confirmation_token=token, confirm=True)


def test_confirmation_token_expires() -> None:
    with serving() as server:
        assert isinstance(server.clock, ManualClock)
        client = server.client()
        token = confirmation_token(client)
        server.clock.advance(DAY_S)

        with pytest.raises(stripe.InvalidRequestError, match="expired"):
            create(client, confirmation_token=token, confirm=True)


def test_card_from_elsewhere_is_good(server: StripeApiServer) -> None:
    method = {
        "id": "pm_real",
        "object": "payment_method",
        "type": "card",
        "card": {
            "brand": "visa",
            "exp_month": 1,
            "exp_year": 2040,
            "fingerprint": "abc",
            "funding": "credit",
            "last4": "1881",
        },
    }
    seeded = server.request("POST", "/simulator/seed", json_body=[method], key=None)

    assert seeded.status == 204
    assert pay(server.client(), "pm_real").status == "succeeded"
