"""The request log, as tests of register apps ask it what was called."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from stripe_api_server import StripeApiServer, new_intent

pytest_plugins = ("stripe_api_fixtures",)


@pytest.fixture
def log(server: StripeApiServer) -> StripeApiServer:
    """A server that a register app has used."""
    client = server.client()
    client.v1.payment_intents.create(
        {"amount": 450, "currency": "usd", "metadata": {"till": "7"}},
        {"idempotency_key": "sale-1"},
    )
    new_intent(client, amount=900)
    client.v1.payment_intents.create(
        {"amount": 450, "currency": "usd", "metadata": {"till": "7"}},
        {"idempotency_key": "sale-1"},
    )
    server.request("POST", "/v1/refunds", json_body={"charge": "ch_1", "amount": 5})
    server.request(
        "POST",
        "/v1/payment_intents/pi_1/confirm",
        json_body={"error_on_requires_action": True},
    )
    return server


def found(server: StripeApiServer, query: str) -> list[dict[str, Any]]:
    answer = server.request("GET", f"/simulator/requests?{query}", key=None)
    assert answer.status == 200
    assert answer.json["count"] == len(answer.json["data"])
    entries: list[dict[str, Any]] = answer.json["data"]
    return entries


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        ("path=/v1/payment_intents*", 4),
        ("path=/v1/payment_intents/*/confirm&method=POST", 1),
        ("parameters[amount]=450", 2),
        ("parameters[amount]=450&parameters[metadata][till]=7&replayed=false", 1),
        ("parameters[amount]=450&parameters[currency]=eur", 0),
        ("parameters[allowed_payment_method_types][0]=card_present", 1),
        ("parameters[allowed_payment_method_types][]=card_present", 1),
        ("parameters[allowed_payment_method_types]=card_present", 0),
        ("parameters[error_on_requires_action]=true", 1),
        ("parameters[charge][id]=ch_1", 0),
        ("idempotency_key=sale-1", 2),
        ("replayed=true", 1),
        ("error_code=resource_missing", 2),
        ("status=404", 1),
    ],
)
def test_requests_are_found_by_what_was_sent(
    log: StripeApiServer, query: str, count: int
) -> None:
    assert len(found(log, quote(query, safe="=&*/"))) == count


def test_request_befallen_by_a_rule_is_found(server: StripeApiServer) -> None:
    fault = {"kind": "answer_status", "status": 503}
    server.request("POST", "/simulator/faults", json_body={"fault": fault}, key=None)
    server.request("GET", "/v1/account")

    (entry,) = found(server, "fault=answer_status")

    assert (entry["path"], entry["status"]) == ("/v1/account", 503)


@pytest.mark.parametrize("query", ["amount=450", "path=%ff", "a[=&b"])
def test_query_nobody_can_answer_is_refused(
    server: StripeApiServer, query: str
) -> None:
    answer = server.request("GET", f"/simulator/requests?{query}", key=None)

    assert (answer.status, answer.error["code"]) == (400, "control_invalid")
