"""One charge per idempotency key, whatever is repeated, lost or concurrent."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    UNREADABLE_DATA,
    StripeApiServer,
    card_present,
    declined_data,
    new_intent,
)

from simulator.clock import ManualClock
from simulator.stripe_api.engine.faults import FaultRule, LoseReply, ResetConnection

pytest_plugins = ("stripe_api_fixtures",)

CONFIRM = "/v1/payment_intents/*/confirm"


def test_repeated_confirmation_charges_once(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client)
    options: Any = {"idempotency_key": "pay-1"}

    first = client.v1.payment_intents.confirm(intent.id, card_present(), options)
    second = client.v1.payment_intents.confirm(intent.id, card_present(), options)

    assert first == second
    assert len(server.issuer.asked) == 1
    assert len(client.v1.charges.list().data) == 1


def test_repetition_says_that_it_is_one(server: StripeApiServer) -> None:
    headers = {"Idempotency-Key": "create-1"}
    body = b"amount=500&currency=usd"

    first = server.request("POST", "/v1/payment_intents", body=body, headers=headers)
    second = server.request("POST", "/v1/payment_intents", body=body, headers=headers)

    assert second.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert first.headers["idempotency-key"] == "create-1"
    assert second.headers["original-request"] == first.headers["request-id"]
    assert second.headers["request-id"] != first.headers["request-id"]


def test_repeated_decline_is_the_same_decline(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client)
    options: Any = {"idempotency_key": "pay-1"}
    declined = card_present(declined_data("generic_decline"))

    bodies = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            client.v1.payment_intents.confirm(intent.id, declined, options)
        bodies.append(caught.value.http_body)

    assert bodies[0] == bodies[1]
    assert len(server.issuer.asked) == 1


def test_refusal_during_execution_is_stored(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client)
    options: Any = {"idempotency_key": "pay-1"}

    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="decrypted"):
            client.v1.payment_intents.confirm(
                intent.id, card_present(UNREADABLE_DATA), options
            )

    assert len(server.issuer.asked) == 1


def test_refused_parameters_leave_the_key_free(server: StripeApiServer) -> None:
    client = server.client()
    options: Any = {"idempotency_key": "create-1"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create({"amount": -1, "currency": "usd"}, options)

    intent = client.v1.payment_intents.create(
        {"amount": 100, "currency": "usd"}, options
    )

    assert intent.amount == 100


def test_key_with_other_parameters_is_refused(client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "create-1"}
    client.v1.payment_intents.create({"amount": 100, "currency": "usd"}, options)

    with pytest.raises(stripe.IdempotencyError, match="same parameters") as caught:
        client.v1.payment_intents.create({"amount": 200, "currency": "usd"}, options)

    assert caught.value.http_status == 400


def test_key_at_another_endpoint_is_refused(client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "create-1"}
    client.v1.payment_intents.create({"amount": 100, "currency": "usd"}, options)

    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.terminal.connection_tokens.create({}, options)


def test_live_and_test_mode_have_keys_of_their_own(server: StripeApiServer) -> None:
    options: Any = {"idempotency_key": "create-1"}
    params: Any = {"amount": 100, "currency": "usd"}

    test = server.client().v1.payment_intents.create(params, options)
    live = server.client("sk_live_other0123456789").v1.payment_intents.create(
        params, options
    )

    assert (test.livemode, live.livemode) == (False, True)


def test_key_is_free_again_after_a_day(server: StripeApiServer) -> None:
    assert isinstance(server.clock, ManualClock)
    client = server.client()
    options: Any = {"idempotency_key": "create-1"}
    params: Any = {"amount": 100, "currency": "usd"}
    first = client.v1.payment_intents.create(params, options)

    server.clock.advance(24 * 60 * 60 - 1)
    repeated = client.v1.payment_intents.create(params, options)
    server.clock.advance(1)
    fresh = client.v1.payment_intents.create(params, options)

    assert first.id == repeated.id != fresh.id


def test_overlong_key_is_refused(server: StripeApiServer) -> None:
    answer = server.request(
        "POST",
        "/v1/terminal/connection_tokens",
        headers={"Idempotency-Key": "k" * 256},
    )

    assert answer.status == 400
    assert "at most 255 characters" in answer.error["message"]


def test_key_of_a_get_is_ignored(server: StripeApiServer) -> None:
    headers = {"Idempotency-Key": "read-1"}

    first = server.request("GET", "/v1/charges", headers=headers)
    second = server.request("GET", "/v1/refunds", headers=headers)

    assert (first.status, second.status) == (200, 200)


def test_official_client_charges_once_where_the_reply_is_lost(
    server: StripeApiServer,
) -> None:
    client = server.client(retries=2)
    intent = new_intent(client)
    server.api.faults.add(FaultRule(LoseReply(), "POST", CONFIRM))

    paid = client.v1.payment_intents.confirm(intent.id, card_present())

    assert paid.status == "succeeded"
    assert len(server.issuer.asked) == 1
    statuses = [entry.replayed for entry in confirmations(server)]
    assert statuses == [False, True]


def test_official_client_charges_once_where_the_request_is_lost(
    server: StripeApiServer,
) -> None:
    client = server.client(retries=2)
    intent = new_intent(client)
    server.api.faults.add(FaultRule(ResetConnection(), "POST", CONFIRM))

    paid = client.v1.payment_intents.confirm(intent.id, card_present())

    assert paid.status == "succeeded"
    assert len(server.issuer.asked) == 1
    assert [entry.status for entry in confirmations(server)] == [None, 200]


def confirmations(server: StripeApiServer) -> Any:
    """The logged requests to confirm."""
    return list(server.api.requests.find(lambda e: e.path.endswith("/confirm")))
