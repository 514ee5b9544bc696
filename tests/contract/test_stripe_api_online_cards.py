"""Tokens, card payment methods and ConfirmationTokens, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import LIVE_KEY, StripeApiServer
from stripe_sdk_types import violations

pytest_plugins = ("stripe_api_fixtures",)

VISA: dict[str, Any] = {
    "number": "4242 4242 4242 4242",
    "exp_month": 12,
    "exp_year": 2034,
    "cvc": "314",
}


def token(client: stripe.StripeClient, **changes: Any) -> stripe.Token:
    sent: Any = {"card": {**VISA, **changes}}
    return client.v1.tokens.create(sent)


def method(client: stripe.StripeClient, **card: Any) -> stripe.PaymentMethod:
    sent: Any = {"type": "card", "card": card}
    return client.v1.payment_methods.create(sent)


def test_token_is_what_the_sdk_declares(client: stripe.StripeClient) -> None:
    made = token(client, name="Ada", address_zip="10117", currency="usd")

    assert list(violations(made.to_dict(), stripe.Token)) == []
    assert made.card is not None
    assert (made.card.brand, made.card.last4, made.used) == ("Visa", "4242", False)
    assert client.v1.tokens.retrieve(made.id) == made


def test_token_is_good_for_one_payment_method(client: stripe.StripeClient) -> None:
    made = token(client)

    first = method(client, token=made.id)

    assert first.card is not None
    assert (first.card.last4, first.card.exp_year) == ("4242", 2034)
    assert client.v1.tokens.retrieve(made.id).used
    with pytest.raises(stripe.InvalidRequestError) as caught:
        method(client, token=made.id)
    assert caught.value.code == "token_already_used"


def test_method_is_what_the_sdk_declares(client: stripe.StripeClient) -> None:
    made = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"token": "tok_mastercard_debit"},
            "billing_details": {"name": "Ada", "address": {"city": "Berlin"}},
            "metadata": {"a": "b"},
            "allow_redisplay": "always",
        }
    )

    assert list(violations(made.to_dict(), stripe.PaymentMethod)) == []
    assert made.card is not None
    assert (made.card.brand, made.card.funding) == ("mastercard", "debit")
    assert made.billing_details.name == "Ada"
    assert client.v1.payment_methods.retrieve(made.id) == made


def test_one_number_has_one_fingerprint(client: stripe.StripeClient) -> None:
    typed = method(client, **VISA)
    by_id = client.v1.payment_methods.retrieve("pm_card_visa")

    assert typed.card is not None
    assert by_id.card is not None
    assert typed.card.fingerprint == by_id.card.fingerprint
    assert typed.id != by_id.id


def test_test_id_is_another_method_each_time(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()

    attached = client.v1.payment_methods.attach(
        "pm_card_amex", {"customer": customer.id}
    )
    again = client.v1.payment_methods.attach("pm_card_amex", {"customer": customer.id})

    listed = client.v1.payment_methods.list({"customer": customer.id, "type": "card"})
    assert {each.id for each in listed.data} == {attached.id, again.id}
    assert attached.customer == customer.id


def test_customer_is_made_with_a_card(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})

    (kept,) = client.v1.customers.payment_methods.list(customer.id).data

    detached = client.v1.payment_methods.detach(kept.id)
    assert (kept.customer, detached.customer) == (customer.id, None)


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "4242"}, "incorrect_number", "number"),
        ({"number": "x"}, "incorrect_number", "number"),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 2025}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": 2099}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
        ({"number": "4111111111111111"}, "card_declined", None),
    ],
)
def test_card_that_cannot_be_is_refused(
    client: stripe.StripeClient,
    changes: dict[str, Any],
    code: str,
    param: str | None,
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        token(client, **changes)
    with pytest.raises(stripe.CardError):
        method(client, **(VISA | changes))

    assert (caught.value.code, caught.value.param) == (code, param)


def test_two_digits_are_a_year_too(client: stripe.StripeClient) -> None:
    made = token(client, exp_year=34)

    assert made.card is not None
    assert made.card.exp_year == 2034


def test_test_cards_are_declined_in_live_mode(server: StripeApiServer) -> None:
    client = server.client(LIVE_KEY)

    with pytest.raises(stripe.CardError) as caught:
        token(client)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.retrieve("pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError, match="No such token"):
        method(client, token="tok_visa")  # noqa: S106 - a published test id

    body: Any = caught.value.json_body
    assert body["error"]["decline_code"] == "live_mode_test_card"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "type"),
        ({"type": "klarna"}, "type"),
        ({"type": "card"}, "card"),
        ({"type": "card", "card": {"number": "4242424242424242"}}, "card[exp_month]"),
        ({"type": "card", "card": {"token": "tok_none"}}, "card[token]"),
    ],
)
def test_method_that_cannot_be_made_is_refused(
    client: stripe.StripeClient, params: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_methods.create(params)

    assert caught.value.param == param


def test_tokens_are_of_cards_only(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.tokens.create({"pii": {"id_number": "000000000"}})

    assert caught.value.param == "card"


def test_numbers_are_kept_nowhere(server: StripeApiServer) -> None:
    client = server.client()
    made = token(client)
    method(client, token=made.id)

    logged = server.request("GET", "/simulator/requests", key=None)
    dumped = server.request("GET", "/simulator/dump", key=None)

    assert b"4242 4242" not in logged.body
    assert b"424242424242" not in dumped.body


def test_confirmation_token_is_what_the_sdk_declares(
    client: stripe.StripeClient,
) -> None:
    made = client.v1.test_helpers.confirmation_tokens.create(
        {
            "payment_method": "pm_card_visa",
            "return_url": "https://example.com/done",
            "setup_future_usage": "off_session",
            "shipping": {"name": "Ada", "address": {"city": "Berlin"}},
        }
    )

    assert list(violations(made.to_dict(), stripe.ConfirmationToken)) == []
    assert made.payment_method_preview is not None
    assert made.payment_method_preview.card is not None
    assert made.payment_method_preview.card.last4 == "4242"
    assert client.v1.confirmation_tokens.retrieve(made.id) == made


def test_confirmation_token_keeps_the_installments_chosen(
    client: stripe.StripeClient,
) -> None:
    made = client.v1.test_helpers.confirmation_tokens.create(
        {
            "payment_method": "pm_card_visa",
            "payment_method_options": {
                "card": {"installments": {"plan": {"type": "revolving"}}}
            },
        }
    )

    assert made.payment_method_options is not None
    assert made.payment_method_options.to_dict() == {
        "card": {
            "cvc_token": None,
            "installments": {
                "plan": {"count": None, "interval": None, "type": "revolving"}
            },
        }
    }


def test_confirmation_token_needs_a_method(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.test_helpers.confirmation_tokens.create()

    assert caught.value.param == "payment_method_data"


@pytest.mark.parametrize(
    ("name", "brand", "country"),
    [
        ("visa", "visa", "US"),
        ("amex", "amex", "US"),
        ("jcb", "jcb", "JP"),
        ("de", "visa", "DE"),
        ("chargeDeclinedExpiredCard", "visa", "US"),
    ],
)
def test_test_id_stands_for_its_card(
    client: stripe.StripeClient, name: str, brand: str, country: str
) -> None:
    by_method = client.v1.payment_methods.retrieve(f"pm_card_{name}")
    by_token = method(client, token=f"tok_{name}")

    assert by_method.card is not None
    assert (by_method.card.brand, by_method.card.country) == (brand, country)
    assert by_token.card == by_method.card
