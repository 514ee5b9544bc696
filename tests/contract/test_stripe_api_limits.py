"""Rate limits and restricted keys, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer, new_intent, paid_intent

pytest_plugins = ("stripe_api_fixtures",)

RESTRICTED = "rk_test_shop0123456789"
LIMITS = "/simulator/rate_limits"
KEYS = "/simulator/restricted_keys"


def restrict(server: StripeApiServer, *permissions: str) -> stripe.StripeClient:
    """A client with a key that has these permissions only."""
    body = {"key": RESTRICTED, "permissions": list(permissions)}
    assert server.request("POST", KEYS, json_body=body).status == 200
    return server.client(RESTRICTED)


def test_nothing_is_limited_unless_asked_for(server: StripeApiServer) -> None:
    client = server.client()

    for _ in range(30):
        client.v1.balance.retrieve()

    assert server.request("GET", LIMITS).json == {"test": None, "live": None}


def test_too_many_writes_in_a_second_are_refused(server: StripeApiServer) -> None:
    client = server.client()
    server.request("POST", LIMITS, json_body={"test": {"write": 2}})
    new_intent(client)
    new_intent(client)

    with pytest.raises(stripe.RateLimitError) as caught:
        new_intent(client)

    assert caught.value.error is not None
    assert caught.value.error.code == "rate_limit"
    assert caught.value.headers is not None
    assert caught.value.headers["stripe-rate-limited-reason"] == "global-rate"
    assert len(client.v1.payment_intents.list().data) == 2


def test_stripes_own_limits_are_the_default(server: StripeApiServer) -> None:
    limits = server.request("POST", LIMITS, json_body={}).json

    assert limits == {
        "test": {"read": 25, "write": 25, "search": 20, "files": 20},
        "live": {"read": 100, "write": 100, "search": 20, "files": 20},
    }


def test_reads_searches_and_files_are_counted_apart(server: StripeApiServer) -> None:
    client = server.client()
    one = dict.fromkeys(("read", "write", "search", "files"), 1)
    server.request("POST", LIMITS, json_body={"test": one})

    client.v1.balance.retrieve()
    client.v1.charges.search({"query": "amount>0"})
    client.v1.files.list()
    new_intent(client)

    with pytest.raises(stripe.RateLimitError):
        client.v1.files.list()


def test_lifted_limits_limit_nothing(server: StripeApiServer) -> None:
    client = server.client()
    server.request("POST", LIMITS, json_body={"test": {"write": 1}})
    new_intent(client)
    server.request("DELETE", LIMITS)

    assert new_intent(client).status == "requires_payment_method"


def test_limited_request_may_be_repeated_under_its_key(
    server: StripeApiServer,
) -> None:
    client = server.client()
    key: stripe.RequestOptions = {"idempotency_key": "once"}
    server.request("POST", LIMITS, json_body={"test": {"write": 1}})
    new_intent(client)
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.create({}, key)
    server.request("DELETE", LIMITS)

    assert client.v1.customers.create({}, key).object == "customer"


def test_limit_must_be_a_number(server: StripeApiServer) -> None:
    answer = server.request("POST", LIMITS, json_body={"test": {"write": 0}})

    assert answer.status == 400


def test_restricted_key_may_do_what_it_was_given(server: StripeApiServer) -> None:
    client = restrict(server, "rak_payment_intent_write", "rak_charge_read")

    intent = new_intent(client)

    assert client.v1.payment_intents.retrieve(intent.id).id == intent.id
    assert client.v1.charges.list().data == []


def test_restricted_key_may_do_nothing_else(server: StripeApiServer) -> None:
    client = restrict(server, "rak_charge_read", "rak_terminal_reader_write")

    with pytest.raises(stripe.PermissionError) as caught:
        new_intent(client)

    assert caught.value.http_status == 403
    assert caught.value.user_message == (
        "The provided key 'rk_test_**********6789' does not have the required "
        "permissions for this endpoint on account 'acct_1CardlaneSimulator'. Having "
        "the 'rak_payment_intent_write' permission would allow this request to "
        "continue."
    )


def test_refunds_are_part_of_charges(server: StripeApiServer) -> None:
    client = restrict(server, "rak_charge_read")

    with pytest.raises(stripe.PermissionError, match="rak_charge_write"):
        client.v1.refunds.create({"charge": "ch_1"})


def test_what_is_expanded_must_be_readable(server: StripeApiServer) -> None:
    intent = paid_intent(server.client())
    client = restrict(server, "rak_payment_intent_read", "rak_customer_read")
    expanded: Any = {"expand": ["customer", "latest_charge.balance_transaction"]}

    with pytest.raises(stripe.PermissionError, match="rak_balance_read"):
        client.v1.payment_intents.retrieve(intent.id, expanded)

    restrict(server, "rak_payment_intent_read", "rak_charge_write", "rak_balance_read")
    with pytest.raises(stripe.PermissionError, match="rak_customer_read"):
        client.v1.payment_intents.retrieve(intent.id, expanded)


def test_who_may_read_may_not_write(server: StripeApiServer) -> None:
    client = restrict(server, "rak_customer_read")

    with pytest.raises(stripe.PermissionError, match="rak_customer_write"):
        client.v1.customers.create({})


def test_other_keys_may_do_everything(server: StripeApiServer) -> None:
    restrict(server, "rak_charge_read")

    assert new_intent(server.client()).object == "payment_intent"


def test_lifted_restrictions_restrict_nothing(server: StripeApiServer) -> None:
    client = restrict(server)
    server.request("DELETE", KEYS)

    assert new_intent(client).object == "payment_intent"


def test_restricted_keys_are_shown_masked(server: StripeApiServer) -> None:
    restrict(server, "rak_charge_read")

    assert server.request("GET", KEYS).json == {
        "data": [{"key": "rk_test_**********6789", "permissions": ["rak_charge_read"]}]
    }


@pytest.mark.parametrize(
    ("key", "permission"),
    [("sk_test_shop", "rak_charge_read"), (RESTRICTED, "rak_fortune_write")],
)
def test_keys_and_permissions_must_be_ones(
    server: StripeApiServer, key: str, permission: str
) -> None:
    body = {"key": key, "permissions": [permission]}

    answer = server.request("POST", KEYS, json_body=body)

    assert answer.status == 400


def test_reset_lifts_limits_and_restrictions(server: StripeApiServer) -> None:
    client = restrict(server)
    server.request("POST", LIMITS, json_body={"test": {"write": 1}})
    server.request("POST", "/simulator/reset")

    for _ in range(2):
        assert new_intent(client).object == "payment_intent"
