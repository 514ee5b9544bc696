"""The control routes of the simulated Stripe API."""

from __future__ import annotations

from typing import Any

import pytest
from stripe_api_server import (
    APPROVED_DATA,
    StripeApiServer,
    card_present,
    new_intent,
)

pytest_plugins = ("stripe_api_fixtures",)

FAULTS: list[dict[str, Any]] = [
    {"kind": "answer_status", "status": 503, "code": None},
    {"kind": "answer_status", "status": 429, "code": "lock_timeout"},
    {"kind": "reset_connection"},
    {"kind": "delay", "seconds": 1.5},
    {"kind": "lose_reply"},
    {"kind": "slow_body", "seconds": 0.5, "piece_bytes": 16},
    {"kind": "cut_body", "after_bytes": 5},
    {"kind": "duplicate_webhook", "copies": 2, "seconds": 1.5},
    {"kind": "delay_webhook", "seconds": 1.5},
    {"kind": "hold_webhook", "behind": 3},
]


def control(server: StripeApiServer, method: str, path: str, body: Any = None) -> Any:
    """One request to the control routes, which ask for no key."""
    return server.request(method, f"/simulator/{path}", json_body=body, key=None)


@pytest.mark.parametrize("fault", FAULTS, ids=[each["kind"] for each in FAULTS])
def test_rule_is_added_shown_and_removed(
    server: StripeApiServer, fault: dict[str, Any]
) -> None:
    added = control(server, "POST", "faults", {"fault": fault, "path": "/v1/charges*"})
    shown = control(server, "GET", "faults").json["data"]
    removed = control(server, "DELETE", f"faults/{added.json['id']}")

    assert added.status == 201
    assert shown == [added.json]
    assert added.json["fault"] == fault
    assert (added.json["times"], added.json["struck"]) == (1, 0)
    assert removed.status == 204
    assert control(server, "GET", "faults").json["data"] == []


def test_rule_shows_how_often_it_struck(server: StripeApiServer) -> None:
    control(server, "POST", "faults", {"fault": FAULTS[0], "times": None, "skip": 1})
    for _ in range(3):
        server.request("GET", "/v1/account")

    rule = control(server, "GET", "faults").json["data"][0]

    assert (rule["matched"], rule["struck"]) == (3, 2)


def test_all_rules_are_removed_at_once(server: StripeApiServer) -> None:
    for fault in FAULTS:
        control(server, "POST", "faults", {"fault": fault})

    assert control(server, "DELETE", "faults").status == 204
    assert control(server, "GET", "faults").json["data"] == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "fault"),
        ({"fault": {"kind": "meteor"}}, "fault"),
        ({"fault": {"kind": "answer_status", "status": 200}}, "status"),
        ({"fault": {"kind": "answer_status", "status": 429, "code": "A b"}}, "code"),
        ({"fault": {"kind": "lose_reply"}, "times": 0}, "times"),
        ({"fault": {"kind": "lose_reply"}, "when": "now"}, "when"),
        ([], "body"),
    ],
)
def test_bad_rule_is_refused_with_the_place(
    server: StripeApiServer, body: Any, place: str
) -> None:
    answer = control(server, "POST", "faults", body)

    assert answer.status == 400
    assert answer.error["code"] == "fault_rule_invalid"
    assert place in answer.error["message"]


def test_unknown_rule_cannot_be_removed(server: StripeApiServer) -> None:
    answer = control(server, "DELETE", "faults/fault_99")

    assert (answer.status, answer.error["code"]) == (404, "fault_rule_unknown")


def test_requests_are_found_by_what_they_were(server: StripeApiServer) -> None:
    server.request("GET", "/v1/account")
    server.request("GET", "/v1/nothing")
    server.request("POST", "/v1/terminal/connection_tokens")

    def paths(query: str) -> list[str]:
        found = control(server, "GET", f"requests?{query}").json["data"]
        return [entry["path"] for entry in found]

    assert len(paths("")) == 3
    assert paths("method=POST") == ["/v1/terminal/connection_tokens"]
    assert paths("status=404") == ["/v1/nothing"]
    assert paths("path=/v1/account") == ["/v1/account"]


def test_logged_requests_show_no_card_data(server: StripeApiServer) -> None:
    client = server.client()
    client.v1.payment_intents.confirm(new_intent(client).id, card_present())

    answer = control(server, "GET", "requests?method=POST")

    confirmation = answer.json["data"][-1]
    card = confirmation["parameters"]["payment_method_data"]["card_present"]
    assert card["emv_data"] == card["ksn"] == "[redacted]"
    assert card["read_method"] == "contact_emv"
    assert APPROVED_DATA.hex().encode() not in answer.body


def test_logged_requests_are_forgotten(server: StripeApiServer) -> None:
    server.request("GET", "/v1/account")

    assert control(server, "DELETE", "requests").status == 204
    assert control(server, "GET", "requests").json["data"] == []


def test_reset_starts_anew(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client)
    control(server, "POST", "faults", {"fault": FAULTS[0], "path": "/none"})

    assert control(server, "POST", "reset").status == 204

    assert client.v1.payment_intents.list().data == []
    assert control(server, "GET", "faults").json["data"] == []
    assert server.request("GET", f"/v1/payment_intents/{intent.id}").status == 404
