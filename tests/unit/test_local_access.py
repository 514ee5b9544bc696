"""Who may reach the agent: not a foreign page, not a rebound name, not a flood."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgi_client import AsgiClient
from rest_fakes import Agent, running_agent

from agent.rest.auth import KeyScope
from agent.settings import RestSettings

PAGE = "https://till.example"
READERS = "/v1/terminal/readers"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    rest = RestSettings(host="::1", origins=(PAGE,), max_body_bytes=100)
    async with running_agent(tmp_path, rest=rest) as agent:
        yield agent


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:7345", "LOCALHOST:80", "[::1]:7345", "[::1]"]
)
async def test_the_machines_own_names_are_answered(agent: Agent, host: str) -> None:
    answer = await agent.client.get(READERS, {"host": host})

    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:x", ""]
)
async def test_a_rebound_name_is_refused(agent: Agent, host: str) -> None:
    answer = await agent.client.get(READERS, {"host": host})

    assert answer.status == 403
    assert answer.error["code"] == "host_not_allowed"


async def test_a_foreign_page_has_no_effect(agent: Agent) -> None:
    answer = await agent.client.post(
        READERS, {"registration_code": "a"}, {"origin": "https://evil.example"}
    )

    assert answer.status == 403
    assert answer.error["code"] == "origin_not_allowed"
    assert "access-control-allow-origin" not in answer.headers
    assert agent.fleet.sessions() == []


@pytest.mark.parametrize("origin", ["null", "https://till.example.evil.example"])
async def test_an_origin_that_only_looks_alike_is_foreign(
    agent: Agent, origin: str
) -> None:
    answer = await agent.client.get(READERS, {"origin": origin})

    assert answer.error["code"] == "origin_not_allowed"


async def test_a_configured_page_may_read_the_answer(agent: Agent) -> None:
    answer = await agent.client.get(READERS, {"origin": PAGE})

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "Origin" in answer.headers["vary"]


async def test_a_configured_page_may_read_an_error(agent: Agent) -> None:
    answer = await agent.client.get("/agent/payments/pay_9", {"origin": PAGE})

    assert answer.status == 404
    assert answer.headers["access-control-allow-origin"] == PAGE


async def test_a_configured_page_may_read_that_its_body_is_too_large(
    agent: Agent,
) -> None:
    answer = await agent.client.request(
        "POST", READERS, headers={"origin": PAGE, "content-length": "101"}
    )

    assert answer.status == 413
    assert answer.headers["access-control-allow-origin"] == PAGE


async def test_the_agents_own_pages_may_call(agent: Agent) -> None:
    answer = await agent.client.get(READERS, {"origin": "http://127.0.0.1:7345"})

    assert answer.status == 200


async def test_a_preflight_needs_no_key(agent: Agent) -> None:
    answer = await AsgiClient(agent.app, key=None).request(
        "OPTIONS",
        READERS,
        headers={"origin": PAGE, "access-control-request-method": "POST"},
    )

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-private-network" not in answer.headers


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Cardlane-Lease-Token", id="a register that leases"),
        pytest.param("Last-Event-ID", id="an event stream that resumes"),
        pytest.param("X-Stripe-Client-Telemetry", id="the second call of Stripe's SDK"),
    ],
)
async def test_a_page_may_send_what_a_register_sends(agent: Agent, header: str) -> None:
    answer = await agent.client.request(
        "OPTIONS",
        READERS,
        headers={"origin": PAGE, "access-control-request-headers": header.lower()},
    )

    assert header in answer.headers["access-control-allow-headers"].split(", ")


async def test_a_page_sees_that_a_list_is_incomplete(agent: Agent) -> None:
    answer = await agent.client.get(READERS, {"origin": PAGE})

    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Cardlane-Incomplete", "Stripe-Should-Retry"} <= set(exposed)


async def test_chromes_private_network_preflight_is_answered(agent: Agent) -> None:
    answer = await agent.client.request(
        "OPTIONS",
        READERS,
        headers={"origin": PAGE, "access-control-request-private-network": "true"},
    )

    assert answer.headers["access-control-allow-private-network"] == "true"


async def test_a_foreign_preflight_is_refused(agent: Agent) -> None:
    answer = await agent.client.request(
        "OPTIONS", READERS, headers={"origin": "https://evil.example"}
    )

    assert answer.status == 403


@pytest.mark.parametrize("length", ["101", "9" * 5000])
async def test_a_declared_body_too_large_is_refused_unread(
    agent: Agent, length: str
) -> None:
    answer = await agent.client.request(
        "POST", READERS, headers={"content-length": length}
    )

    assert answer.status == 413
    assert answer.error["message"] == "The body is larger than 100 bytes."


async def test_a_chunked_body_is_counted(agent: Agent) -> None:
    answer = await agent.client.request("POST", READERS, chunks=[b"a=" + b"x" * 60] * 2)

    assert answer.status == 413
    assert answer.error["code"] == "body_too_large"


async def test_health_needs_no_key(agent: Agent) -> None:
    stranger = AsgiClient(agent.app, key=None)

    assert (await stranger.get("/agent/health/live")).status == 200
    assert (await stranger.get("/agent/health/ready")).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", READERS),
        ("POST", READERS),
        ("DELETE", f"{READERS}/tmr_1"),
        ("POST", f"{READERS}/tmr_1/process_payment_intent"),
        ("POST", f"{READERS}/tmr_1/cancel_action"),
        ("POST", "/v1/terminal/connection_tokens"),
        ("GET", "/v1/account"),
        ("GET", "/agent/discovery"),
        ("GET", "/agent/events"),
        ("GET", "/agent/journal"),
    ],
)
async def test_everything_else_needs_a_key(
    agent: Agent, method: str, path: str
) -> None:
    answer = await AsgiClient(agent.app, key=None).request(method, path)

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Stripe-Account", "Stripe-Context"])
async def test_no_request_moves_the_money_of_another_account_than_was_meant(
    agent: Agent, header: str
) -> None:
    answer = await agent.client.post(
        "/v1/payment_intents", {"amount": "500"}, {header: "acct_1"}
    )

    assert (answer.status, answer.error["code"]) == (400, "parameter_unknown")
    assert agent.stripe.asked == []


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (KeyScope.READERS, "POST", f"{READERS}/tmr_1/process_payment_intent"),
        (KeyScope.READERS, "POST", READERS),
        (KeyScope.PAYMENTS, "POST", "/v1/refunds"),
        (KeyScope.PAYMENTS, "DELETE", f"{READERS}/tmr_1"),
        (KeyScope.REFUNDS, "POST", "/v1/payment_intents"),
        (KeyScope.EVENTS, "GET", READERS),
        (KeyScope.PAYMENTS, "GET", "/agent/events"),
        (KeyScope.PAYMENTS, "GET", "/agent/journal"),
        (KeyScope.PAYMENTS, "POST", "/v1/terminal/locations"),
    ],
)
async def test_a_key_without_the_scope_is_refused(
    agent: Agent, scope: KeyScope, method: str, path: str
) -> None:
    client = await agent.client_with(scope)

    answer = await client.request(method, path)

    assert answer.status == 403
    assert answer.json().get("error", answer.json())["code"] == "local_key_scope"
    assert agent.stripe.asked == []


async def test_a_configured_page_reads_that_the_agent_has_failed(agent: Agent) -> None:
    def broken() -> None:
        raise RuntimeError

    agent.stripe.on_asked = broken

    answer = await agent.client.get("/v1/payment_intents/pi_1", {"origin": PAGE})

    assert answer.status == 500
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.error["code"] == "internal_error"
    assert "Request-Id" in answer.headers["access-control-expose-headers"]
