"""Every answer has exactly the fields that the official SDK's types declare."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    StripeApiServer,
    card_present,
    declined_data,
    new_intent,
    paid_intent,
)
from stripe_sdk_types import violations

pytest_plugins = ("stripe_api_fixtures",)


@pytest.fixture
def filled(client: stripe.StripeClient) -> stripe.StripeClient:
    """A client of an account in which everything simulated has happened."""
    fill_terminal(client)
    fill_payments(client)
    return client


def fill_terminal(client: stripe.StripeClient) -> None:
    """Add a configuration, a location and a reader."""
    terminal = client.v1.terminal
    terminal.configurations.create(
        {
            "name": "Cafe",
            "offline": {"enabled": True},
            "tipping": {"usd": {"percentages": [10, 15, 20]}},
            "wifi": {
                "type": "personal_psk",
                "personal_psk": {"ssid": "Cafe", "password": "guest"},
            },
        }
    )
    location = terminal.locations.create(
        {
            "display_name": "Shop",
            "phone": "+49301234567",
            "address": {
                "line1": "Unter den Linden 1",
                "city": "Berlin",
                "postal_code": "10117",
                "country": "DE",
            },
        }
    )
    terminal.readers.create(
        {"registration_code": "simulated-s700", "location": location.id}
    )


def fill_payments(client: stripe.StripeClient) -> None:
    """Add payments of every fate, refunds and a customer."""
    client.v1.customers.create(
        {"name": "Jo", "shipping": {"name": "Jo", "address": {"city": "Rome"}}}
    )
    paid = paid_intent(client)
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 50})
    client.v1.charges.update(str(paid.latest_charge), {"description": "Coffee"})
    held = paid_intent(client, capture_method="manual")
    client.v1.payment_intents.cancel(held.id, {"cancellation_reason": "abandoned"})
    paid_intent(client, capture_method="manual")
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(
            new_intent(client).id, card_present(declined_data("lost_card"))
        )
    client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "eur",
            "shipping": {"name": "Jo", "address": {"city": "Rome"}},
        }
    )


LISTS = {
    "/v1/balance_transactions": stripe.BalanceTransaction,
    "/v1/charges": stripe.Charge,
    "/v1/customers": stripe.Customer,
    "/v1/events": stripe.Event,
    "/v1/payment_intents": stripe.PaymentIntent,
    "/v1/refunds": stripe.Refund,
    "/v1/terminal/configurations": stripe.terminal.Configuration,
    "/v1/terminal/locations": stripe.terminal.Location,
    "/v1/terminal/readers": stripe.terminal.Reader,
}


@pytest.mark.parametrize(("path", "declared"), LISTS.items(), ids=LISTS)
def test_listed_objects_are_what_the_sdk_declares(
    filled: stripe.StripeClient, path: str, declared: type[stripe.StripeObject]
) -> None:
    page = _get(filled, path, limit=100)

    assert page["data"]
    assert [
        problem for item in page["data"] for problem in violations(item, declared)
    ] == []


@pytest.mark.parametrize(("path", "declared"), LISTS.items(), ids=LISTS)
def test_retrieved_objects_equal_listed_ones(
    filled: stripe.StripeClient, path: str, declared: type[stripe.StripeObject]
) -> None:
    listed = _get(filled, path, limit=1)["data"][0]

    assert _get(filled, f"{path}/{listed['id']}") == listed


@pytest.mark.parametrize(
    ("path", "declared"),
    [("/v1/account", stripe.Account), ("/v1/balance", stripe.Balance)],
)
def test_single_objects_are_what_the_sdk_declares(
    filled: stripe.StripeClient, path: str, declared: type[stripe.StripeObject]
) -> None:
    assert list(violations(_get(filled, path), declared)) == []


def test_payment_method_is_what_the_sdk_declares(filled: stripe.StripeClient) -> None:
    charge = _get(filled, "/v1/charges", limit=1)["data"][0]
    method = _get(filled, f"/v1/payment_methods/{charge['payment_method']}")

    assert list(violations(method, stripe.PaymentMethod)) == []


def test_connection_token_is_what_the_sdk_declares(
    filled: stripe.StripeClient,
) -> None:
    token = filled.v1.terminal.connection_tokens.create()

    assert list(violations(token.to_dict(), stripe.terminal.ConnectionToken)) == []


def test_objects_in_events_are_what_the_sdk_declares(
    filled: stripe.StripeClient,
) -> None:
    declared = {
        "charge": stripe.Charge,
        "customer": stripe.Customer,
        "payment_intent": stripe.PaymentIntent,
        "refund": stripe.Refund,
    }
    events = _get(filled, "/v1/events", limit=100)["data"]
    objects = [event["data"]["object"] for event in events]

    assert {each["object"] for each in objects} == set(declared)
    assert [
        problem
        for each in objects
        for problem in violations(each, declared[each["object"]])
    ] == []


def test_expanded_objects_are_what_the_sdk_declares(
    filled: stripe.StripeClient,
) -> None:
    expand = [
        "data.payment_method",
        "data.latest_charge.balance_transaction",
        "data.latest_charge.refunds",
    ]
    page = _get(filled, "/v1/payment_intents", limit=100, expand=expand)

    intents = page["data"]
    assert any(isinstance(intent["latest_charge"], dict) for intent in intents)
    assert [
        problem
        for intent in intents
        for problem in violations(intent, stripe.PaymentIntent)
    ] == []


def test_decline_is_what_the_sdk_declares(server: StripeApiServer) -> None:
    client = server.client()
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(
            new_intent(client).id, card_present(declined_data("lost_card"))
        )

    body: Any = caught.value.json_body
    assert list(violations(body["error"], stripe.ErrorObject)) == []


def _get(client: stripe.StripeClient, path: str, **params: Any) -> Any:
    answer = client.raw_request("get", path, **params)
    return client.deserialize(answer, api_mode="V1").to_dict()


def test_checker_notices_unknown_missing_and_mistyped_fields() -> None:
    token = {"object": "terminal.connection_token", "secret": 7, "surprise": None}

    found = list(violations(token, stripe.terminal.ConnectionToken))
    missing = list(violations({}, stripe.terminal.ConnectionToken))

    assert found == [".surprise: unknown", ".secret: 7 is not str"]
    assert missing == [".object: missing", ".secret: missing"]
