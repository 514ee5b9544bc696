"""What belongs to Stripe is passed on byte for byte, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rest_fakes import Agent, running_agent

from agent.errors import StripeKeyMissing, StripeUnreachable
from agent.rest.auth import KeyScope
from agent.stripe_api.client import ForwardedAnswer
from agent.stripe_api.errors import AnswerLost


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


async def test_a_request_arrives_at_stripe_as_it_was_sent(agent: Agent) -> None:
    await agent.client.request(
        "POST",
        "/v1/payment_intents/pi_1/capture?expand[]=latest_charge",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "idempotency-key": "k1",
            "stripe-version": "2026-10-28.endive",
            "x-secret-of-the-caller": "1",
        },
        chunks=[b"amount_to_", b"capture=5&x=%F6"],
    )

    assert agent.stripe.asked == [
        (
            "POST",
            "/v1/payment_intents/pi_1/capture?expand[]=latest_charge",
            {
                "content-type": "application/x-www-form-urlencoded",
                "idempotency-key": "k1",
                "stripe-version": "2026-10-28.endive",
            },
            b"amount_to_capture=5&x=%F6",
        )
    ]


async def test_stripes_answer_comes_back_as_it_was_given(agent: Agent) -> None:
    agent.stripe.answer = ForwardedAnswer(
        402,
        {
            "Content-Type": "application/json",
            "Request-Id": "req_upstream",
            "Idempotent-Replayed": "true",
            "Server": "nginx",
        },
        b'{\n  "error": {}\n}',
    )

    answer = await agent.client.post("/v1/payment_intents", {"amount": "1"})

    assert (answer.status, answer.body) == (402, b'{\n  "error": {}\n}')
    assert answer.headers["request-id"] == "req_upstream"
    assert answer.headers["idempotent-replayed"] == "true"
    assert "server" not in answer.headers


async def test_a_connection_token_is_never_stored(agent: Agent) -> None:
    agent.stripe.answer = ForwardedAnswer(200, {}, b'{"secret": "pst_test_abc"}')

    answer = await agent.client.post(
        "/v1/terminal/connection_tokens", {}, {"idempotency-key": "k1"}
    )

    assert answer.json() == {"secret": "pst_test_abc"}
    assert answer.headers["cache-control"] == "no-store"
    assert agent.journal.answers.get("k1") is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payment_intents/../payouts",
        "/v1/payment_intents/%2e%2e/payouts",
        "/v1/payment_intents/..%2fpayouts",
        "/v1/payment_intents//payouts",
        "/v1/payment_intents/pi_1%3fx",
        "/v1/payment_intents/pi_1%0d%0aX",
        "/v1/payment_intents/",
    ],
)
async def test_no_path_leads_out_of_the_listed_resources(
    agent: Agent, path: str
) -> None:
    answer = await agent.client.get(path)

    assert answer.status == 404
    assert agent.stripe.asked == []


@pytest.mark.parametrize("path", ["/v1/payouts", "/v1/balance", "/v1/payment_intentsx"])
async def test_other_resources_are_not_forwarded(agent: Agent, path: str) -> None:
    answer = await agent.client.get(path)

    assert answer.status == 404
    assert agent.stripe.asked == []


async def test_a_read_only_resource_cannot_be_changed(agent: Agent) -> None:
    answer = await agent.client.post("/v1/account", {"email": "a"})

    assert answer.status == 405
    assert agent.stripe.asked == []


async def test_a_refunds_key_may_see_what_it_refunds(agent: Agent) -> None:
    client = await agent.client_with(KeyScope.REFUNDS)

    charges = await client.get("/v1/charges/ch_1")
    refund = await client.post("/v1/refunds", {"charge": "ch_1"})

    assert (charges.status, refund.status) == (200, 200)


async def test_an_unreachable_stripe_may_be_tried_again(agent: Agent) -> None:
    agent.stripe.refusal = StripeUnreachable("No answer.")

    answer = await agent.client.get("/v1/charges")

    assert answer.status == 503
    assert answer.error["code"] == "stripe_unreachable"
    assert answer.headers["stripe-should-retry"] == "true"


async def test_a_missing_stripe_key_need_not_be_tried_again(agent: Agent) -> None:
    agent.stripe.refusal = StripeKeyMissing("No key.")

    answer = await agent.client.get("/v1/charges")

    assert answer.headers["stripe-should-retry"] == "false"
    assert "systemd credential" in answer.error["remedy"]


@pytest.mark.parametrize(
    ("method", "path", "is_looked_at"),
    [
        ("POST", "pi_1/capture", True),
        ("POST", "pi_1/cancel", True),
        ("POST", "pi_1/increment_authorization", False),
        ("POST", "pi_1", False),
        ("GET", "pi_1/capture", False),
    ],
)
async def test_what_may_have_ended_a_hold_is_looked_at(
    method: str, path: str, is_looked_at: bool, agent: Agent
) -> None:
    await agent.client.request(method, f"/v1/payment_intents/{path}")

    assert agent.holds.looked_at == (["pi_1"] if is_looked_at else [])


async def test_a_hold_whose_answer_was_lost_is_looked_at(agent: Agent) -> None:
    agent.stripe.refusal = AnswerLost("no answer from Stripe")

    answer = await agent.client.post("/v1/payment_intents/pi_1/capture")

    assert answer.error["code"] == "stripe_answer_lost"
    assert agent.holds.looked_at == ["pi_1"]


@pytest.mark.parametrize(
    ("key", "may_repeat", "remedy"),
    [
        ({"idempotency-key": "k1"}, "true", "with the same Idempotency-Key"),
        ({}, "false", "Retrieve the object"),
    ],
)
async def test_a_lost_answer_says_how_to_go_on(
    key: dict[str, str], may_repeat: str, remedy: str, agent: Agent
) -> None:
    agent.stripe.refusal = AnswerLost("no answer from Stripe")

    answer = await agent.client.post("/v1/refunds", {"charge": "ch_1"}, key)

    assert (answer.status, answer.error["code"]) == (502, "stripe_answer_lost")
    assert answer.headers["stripe-should-retry"] == may_repeat
    assert remedy in answer.error["remedy"]
