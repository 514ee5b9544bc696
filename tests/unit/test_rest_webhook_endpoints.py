"""`/v1/webhook_endpoints`: Stripe's shapes, and a secret that is told once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
import stripe
from agent_clock import StillClock
from rest_fakes import Agent, running_agent
from served_agent import ServedAgent, served_agent

from agent.rest.accounts import OneAccount
from agent.rest.auth import KeyScope

ENDPOINTS = "/v1/webhook_endpoints"
URL = "http://127.0.0.1:4242/hook"
FORM = {"url": URL, "enabled_events[]": "*"}


def with_new_ids(agent: Agent) -> None:
    """Random ids in place of the ones that are always the same."""
    services = agent.app.state.accounts.own
    agent.app.state.accounts = OneAccount(replace(services, random=token_bytes))


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        with_new_ids(agent)
        yield agent


async def made(agent: Agent, **form: str) -> Any:
    answer = await agent.client.post(ENDPOINTS, {**FORM, **form})
    assert answer.status == 200, answer.body
    return answer.json()


async def test_an_endpoint_is_shown_as_stripe_shows_it(agent: Agent) -> None:
    endpoint = await made(agent, description="Till 1")

    secret = endpoint.pop("secret")
    shown = (await agent.client.get(f"{ENDPOINTS}/{endpoint['id']}")).json()
    assert secret.startswith("whsec_")
    assert shown == endpoint
    assert endpoint == {
        "id": endpoint["id"],
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": int(agent.clock.now().timestamp()),
        "description": "Till 1",
        "enabled_events": ["*"],
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": URL,
    }


async def test_the_secret_is_in_its_own_file_only(agent: Agent) -> None:
    headers = {"idempotency-key": "k"}
    first = (await agent.client.post(ENDPOINTS, FORM, headers)).json()
    again = await agent.client.post(ENDPOINTS, FORM, headers)
    await agent.journal.aclose()

    holding = [
        path.name
        for path in sorted(agent.folder.iterdir())
        if first["secret"].encode() in path.read_bytes()
    ]

    assert holding == ["webhook_secrets"]
    assert again.json() == first
    assert again.headers["idempotent-replayed"] == "true"
    assert len(agent.outbox.deliveries.endpoints()) == 1


async def test_an_endpoint_changes_as_asked(agent: Agent) -> None:
    endpoint = await made(agent, **{"metadata[till]": "1", "metadata[shop]": "a"})
    path = f"{ENDPOINTS}/{endpoint['id']}"

    changed = await agent.client.post(
        path,
        {
            "url": "https://localhost/new",
            "enabled_events[]": "phase_changed",
            "metadata[till]": "",
            "disabled": "true",
            "description": "Moved",
        },
    )
    enabled = await agent.client.post(path, {"disabled": "false", "metadata": ""})

    assert changed.json() == {
        **{key: value for key, value in endpoint.items() if key != "secret"},
        "url": "https://localhost/new",
        "enabled_events": ["phase_changed"],
        "metadata": {"shop": "a"},
        "status": "disabled",
        "description": "Moved",
    }
    assert (enabled.json()["status"], enabled.json()["metadata"]) == ("enabled", {})


async def test_a_deleted_endpoint_is_gone(agent: Agent) -> None:
    endpoint = await made(agent)
    path = f"{ENDPOINTS}/{endpoint['id']}"

    deleted = await agent.client.request("DELETE", path)

    assert deleted.json() == {
        "id": endpoint["id"],
        "object": "webhook_endpoint",
        "deleted": True,
    }
    for method in ("GET", "POST", "DELETE"):
        answer = await agent.client.request(method, path)
        assert answer.error["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"url": "http://till.example/"}, "parameter_invalid", "url"),
        ({"url": "https://192.168.1.9/"}, "parameter_invalid", "url"),
        (
            {"enabled_events[]": "charge.succeeded"},
            "parameter_invalid",
            "enabled_events",
        ),
        (
            {"enabled_events[]": "input_requested"},
            "parameter_invalid",
            "enabled_events",
        ),
        ({"secret": "whsec_mine"}, "parameter_unknown", "secret"),
    ],
)
async def test_what_cannot_be_served_is_refused(
    form: dict[str, str], code: str, param: str, agent: Agent
) -> None:
    answer = await agent.client.post(ENDPOINTS, FORM | form)

    assert (answer.status, answer.error["code"]) == (400, code)
    assert answer.error["param"] == param


async def test_an_endpoint_wants_an_event_at_least(agent: Agent) -> None:
    body = b'{"url": "http://127.0.0.1/", "enabled_events": []}'

    answer = await agent.client.request(
        "POST",
        ENDPOINTS,
        headers={"content-type": "application/json"},
        chunks=[body],
    )

    assert answer.error["param"] == "enabled_events"


async def test_there_is_a_limit(agent: Agent) -> None:
    for _ in range(16):
        await made(agent)

    answer = await agent.client.post(ENDPOINTS, FORM)

    assert (answer.status, answer.error["code"]) == (400, "request_invalid")


async def test_endpoints_are_listed_in_pages(agent: Agent) -> None:
    ids: list[str] = []
    for _ in range(5):
        agent.clock.advance(1.0)
        ids.insert(0, (await made(agent))["id"])

    async def page(query: str) -> tuple[list[str], bool]:
        shown = (await agent.client.get(f"{ENDPOINTS}?{query}")).json()
        return [endpoint["id"] for endpoint in shown["data"]], shown["has_more"]

    assert await page("limit=2") == (ids[:2], True)
    assert await page(f"limit=3&starting_after={ids[1]}") == (ids[2:], False)
    assert await page(f"limit=2&ending_before={ids[3]}") == (ids[1:3], True)
    both = await agent.client.get(f"{ENDPOINTS}?starting_after=a&ending_before=b")
    missing = await agent.client.get(f"{ENDPOINTS}?starting_after=we_0")
    assert both.error["param"] == "ending_before"
    assert missing.error["code"] == "resource_missing"


async def test_an_endpoint_that_cannot_be_written_down_is_not_served(
    agent: Agent,
) -> None:
    endpoint = await made(agent)
    await agent.journal.aclose()

    added = await agent.client.post(ENDPOINTS, FORM)
    changed = await agent.client.post(
        f"{ENDPOINTS}/{endpoint['id']}", {"disabled": "true"}
    )

    assert [answer.error["code"] for answer in (added, changed)] == (
        ["journal_unavailable"] * 2
    )
    shown = agent.outbox.deliveries.endpoints()
    assert list(json.loads((agent.folder / "webhook_secrets").read_text())) == [
        endpoint["id"]
    ]
    assert [(e.endpoint_id, e.disabled_reason) for e in shown] == [
        (endpoint["id"], None)
    ]


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, False),
        ({"failing_since": StillClock().now()}, True),
        ({"disabled_reason": "secret_missing"}, True),
        ({"disabled_reason": "disabled"}, False),
    ],
)
async def test_an_endpoint_that_takes_nothing_is_told_by_health(
    changes: dict[str, Any], is_told: bool, agent: Agent
) -> None:
    endpoint = await made(agent)
    await agent.outbox.deliveries.change(endpoint["id"], **changes)

    answer = await agent.client.get("/agent/health/ready")

    codes = [cause["code"] for cause in answer.json()["causes"]]
    assert ("webhook_endpoint_failing" in codes) is is_told
    assert answer.status == 200


async def test_endpoints_ask_for_their_scope(agent: Agent) -> None:
    caller = await agent.client_with(KeyScope.EVENTS)

    answer = await caller.get(ENDPOINTS)

    assert answer.error["code"] == "local_key_scope"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedAgent]:
    with served_agent(tmp_path) as served:
        served.do(with_new_ids)
        yield served


def test_the_official_sdk_manages_them(served: ServedAgent) -> None:
    client = stripe.StripeClient(served.key, base_addresses={"api": served.url})

    endpoint = client.v1.webhook_endpoints.create(
        {"url": URL, "enabled_events": ["terminal.reader.action_succeeded"]}
    )
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    shown = client.v1.webhook_endpoints.retrieve(endpoint.id)
    listed = client.v1.webhook_endpoints.list()
    deleted = client.v1.webhook_endpoints.delete(endpoint.id)

    assert str(endpoint.secret).startswith("whsec_")
    assert shown.status == "disabled"
    assert [one.id for one in listed.data] == [endpoint.id]
    assert deleted.deleted
