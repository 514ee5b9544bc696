"""Connection tokens for Stripe's own SDKs: minted, passed on, forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_clock import StillClock
from rest_fakes import Agent, running_agent

from agent.errors import LocationNotAllowed, RateLimited, StripeUnreachable
from agent.rest.token_broker import BURST, REMEMBERED_S, TokenBroker
from agent.settings import TerminalSettings
from agent.stripe_api.client import ForwardedAnswer
from agent.stripe_api.errors import AnswerLost

TOKENS = "/v1/terminal/connection_tokens"
TOKEN = b'{"object": "terminal.connection_token", "secret": "pst_test_abc"}'


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as running:
        running.stripe.answer = ForwardedAnswer(200, {}, TOKEN)
        yield running


def broker(clock: StillClock, *locations: str) -> TokenBroker:
    return TokenBroker(TerminalSettings(token_locations=locations), clock=clock)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_token_goes_to_the_caller_and_nowhere_else(
    agent: Agent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await agent.client.post(TOKENS, {"location": "tml_1"})

    assert answer.body == TOKEN
    assert answer.headers["cache-control"] == "no-store"
    assert agent.stripe.asked[-1][3] == b"location=tml_1"
    assert "pst_test_abc" not in caplog.text
    kept = everything_in(tmp_path)
    assert b"pst_test_abc" not in kept


async def test_a_token_is_never_answered_twice(agent: Agent) -> None:
    for _ in range(2):
        await agent.client.post(TOKENS, {}, {"idempotency-key": "k1"})

    assert agent.stripe.paths("POST") == [TOKENS, TOKENS]
    assert agent.journal.answers.get("k1") is None
    # Stripe would answer its first token again.
    assert not any("idempotency-key" in asked[2] for asked in agent.stripe.asked)


async def test_a_token_may_be_asked_for_in_json(agent: Agent) -> None:
    answer = await agent.client.request(
        "POST",
        TOKENS,
        headers={"content-type": "application/json"},
        chunks=[b'{"location": "tml_1"}'],
    )

    _, _, headers, body = agent.stripe.asked[-1]
    assert (answer.status, body) == (200, b"location=tml_1")
    assert headers["content-type"] == "application/x-www-form-urlencoded"


async def test_a_token_whose_answer_was_lost_may_be_asked_for_again(
    agent: Agent,
) -> None:
    agent.stripe.refusal = AnswerLost("no answer")

    answer = await agent.client.post(TOKENS)

    assert answer.error["code"] == "stripe_answer_lost"
    assert answer.headers["stripe-should-retry"] == "true"


async def test_what_stripe_refuses_is_refused_in_its_words(agent: Agent) -> None:
    refusal = (
        b'{"error": {"type": "invalid_request_error", "code": "resource_missing",'
        b' "param": "location"}}'
    )
    agent.stripe.answer = ForwardedAnswer(400, {}, refusal)

    answer = await agent.client.post(TOKENS, {"location": "tml_none"})

    ready = (await agent.client.get("/agent/health/ready")).json()
    assert (answer.status, answer.body) == (400, refusal)
    assert "connection_tokens_slow" not in str(ready)  # Only a caller's mistake.


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]"])
async def test_a_refusal_that_is_not_stripes_is_remembered_too(
    agent: Agent, answer: bytes
) -> None:
    agent.stripe.answer = ForwardedAnswer(502, {}, answer)

    await agent.client.post(TOKENS)
    causes = (await agent.client.get("/agent/health/ready")).json()["causes"]

    assert "connection_tokens_slow" in [cause["code"] for cause in causes]


async def test_tokens_that_do_not_come_are_told_by_health_for_a_while(
    agent: Agent,
) -> None:
    agent.stripe.refusal = StripeUnreachable("no connection to Stripe")
    refused = await agent.client.post(TOKENS)
    causes = (await agent.client.get("/agent/health/ready")).json()["causes"]
    agent.clock.advance(REMEMBERED_S)
    later = (await agent.client.get("/agent/health/ready")).json()["causes"]

    def codes(of: list[dict[str, str]]) -> list[str]:
        return [cause["code"] for cause in of]

    assert refused.error["code"] == "stripe_unreachable"
    assert "connection_tokens_slow" in codes(causes)
    assert "connection_tokens_slow" not in codes(later)


async def test_a_slow_token_is_told_by_health(agent: Agent) -> None:
    agent.stripe.on_asked = lambda: agent.clock.advance(6)

    await agent.client.post(TOKENS)
    causes = (await agent.client.get("/agent/health/ready")).json()["causes"]

    assert "0 failed and 1 were slow, up to 6 s" in str(causes)


def test_the_only_location_is_the_one_nobody_need_name() -> None:
    one, two = broker(StillClock(), "tml_1"), broker(StillClock(), "tml_1", "tml_2")

    assert one.location_for(None, key_id="lk_1") == "tml_1"
    assert two.location_for("tml_2", key_id="lk_1") == "tml_2"
    with pytest.raises(LocationNotAllowed):
        two.location_for(None, key_id="lk_1")
    with pytest.raises(LocationNotAllowed):
        one.location_for("tml_9", key_id="lk_1")


def test_a_key_cannot_mint_tokens_without_end() -> None:
    clock = StillClock()
    tokens = broker(clock)
    for _ in range(BURST):
        tokens.location_for(None, key_id="lk_1")

    with pytest.raises(RateLimited):
        tokens.location_for(None, key_id="lk_1")
    assert tokens.location_for(None, key_id="lk_2") is None
    clock.advance(2)
    assert tokens.location_for(None, key_id="lk_1") is None
