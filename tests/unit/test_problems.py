"""Errors reach callers in the form they read, with a remedy and without secrets."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rest_fakes import Agent, counted_bytes, running_agent
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from agent.errors import JournalUnavailable, PaymentOutcomeUnknown
from agent.rest.problems import ErrorAnswers, answer_exception
from agent.stripe_api.errors import StripeError, StripeRefused

SCOPE = {"type": "http", "method": "GET", "path": "/v1"}
PROCESS = "/v1/terminal/readers/tmr_1/process_payment_intent"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")
        yield agent


async def test_under_v1_an_error_is_stripes_envelope(agent: Agent) -> None:
    answer = await agent.client.post(PROCESS)

    assert answer.headers["content-type"] == "application/json"
    assert answer.error == {
        "type": "invalid_request_error",
        "code": "parameter_missing",
        "message": "Missing required param: payment_intent.",
        "param": "payment_intent",
        "remedy": "Send the parameter named in `param`.",
    }


async def test_elsewhere_an_error_is_problem_details(agent: Agent) -> None:
    answer = await agent.client.get("/agent/journal?limit=0")

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:cardlane:error:parameter_invalid",
        "title": "Parameter invalid",
        "status": 400,
        "detail": "This value must be greater than or equal to 1.",
        "code": "parameter_invalid",
        "remedy": "Correct the parameter named in `param`.",
        "param": "limit",
    }


async def test_every_answer_has_a_request_id(agent: Agent) -> None:
    good = await agent.client.get("/agent/health/live")
    bad = await agent.client.get("/v1/nothing")

    assert good.headers["request-id"].startswith("req_")
    assert bad.headers["request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["/v1/payouts", "/v1", "/v1/terminal/readers/"])
async def test_an_unknown_route_is_named(agent: Agent, path: str) -> None:
    answer = await agent.client.get(path)

    assert answer.status == 404
    assert answer.error["code"] == "route_unknown"
    assert f"(GET {path})" in answer.error["message"]


async def test_an_unknown_route_of_the_agents_own_is_a_problem(agent: Agent) -> None:
    answer = await agent.client.get("/agent/nothing")

    assert answer.status == 404
    assert answer.json()["code"] == "route_unknown"


async def test_a_wrong_method_names_the_right_ones(agent: Agent) -> None:
    answer = await agent.client.request("PUT", "/agent/journal")

    assert answer.status == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "GET" in answer.headers["allow"]


async def test_stripes_own_refusal_is_passed_on_as_it_came(agent: Agent) -> None:
    body = b'{"error": {"type": "invalid_request_error", "message": "No such intent"}}'
    agent.actions.refusal = StripeRefused(
        StripeError(
            status=404,
            type="invalid_request_error",
            code="resource_missing",
            decline_code=None,
            message="No such intent",
            param=None,
            charge=None,
            body=body,
        )
    )

    answer = await agent.client.post(PROCESS, {"payment_intent": "pi_9"})

    assert (answer.status, answer.body) == (404, body)


async def test_stripes_libraries_are_told_whether_to_repeat(agent: Agent) -> None:
    agent.actions.refusal = PaymentOutcomeUnknown("not settled yet")
    passing = await agent.client.post(PROCESS, {"payment_intent": "pi_1"})
    agent.actions.refusal = JournalUnavailable("disk full")
    lasting = await agent.client.post(PROCESS, {"payment_intent": "pi_1"})

    assert passing.headers["stripe-should-retry"] == "true"
    assert lasting.headers["stripe-should-retry"] == "false"


async def test_a_defect_is_logged_and_not_told(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    agent.fleet.found = [None]  # type: ignore[list-item]  # a defect in our own code

    with caplog.at_level(logging.ERROR):
        answer = await agent.client.get("/agent/discovery")

    assert answer.status == 500
    problem = answer.json()
    assert problem["code"] == "internal_error"
    assert answer.headers["request-id"] in problem["detail"]
    assert "NoneType" not in answer.body.decode()
    assert "rest.defect" in caplog.messages


async def test_a_caller_without_a_good_key_is_logged(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await agent.client.get("/v1/account", {"authorization": "Bearer rk_test_x"})

    assert "rest.answered" in caplog.messages
    assert "rk_test_x" not in caplog.text


async def test_a_request_that_is_no_http_is_refused(agent: Agent) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/v1", "headers": []})

    response = await answer_exception(request, HTTPException(400))

    assert response.status_code == 400
    assert b"request_invalid" in response.body


async def test_what_is_no_refusal_is_not_answered_as_one() -> None:
    request = Request({"type": "http", "method": "GET", "path": "/v1", "headers": []})

    with pytest.raises(LookupError):
        await answer_exception(request, LookupError())


async def test_a_caller_who_leaves_is_no_defect(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    app = ErrorAnswers(leave, random=counted_bytes)

    await app(SCOPE, nothing_received, nothing_sent)

    assert "rest.defect" not in caplog.messages


async def test_a_defect_after_the_answer_began_cuts_it_off() -> None:
    async def begin_and_fail(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError

    app = ErrorAnswers(begin_and_fail, random=counted_bytes)

    with pytest.raises(LookupError):
        await app(SCOPE, nothing_received, nothing_sent)


async def test_a_server_may_announce_its_life(agent: Agent) -> None:
    told: list[str] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        told.append(message["type"])

    await agent.app({"type": "lifespan", "state": {}}, receive, send)

    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def nothing_received() -> Message:
    return {"type": "http.disconnect"}


async def nothing_sent(message: Message) -> None:
    """Nobody listens."""
