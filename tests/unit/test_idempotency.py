"""A repeated request has one effect and one answer, also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgi_client import Answer
from rest_fakes import Agent, running_agent

from agent.errors import (
    AgentError,
    IntentInvalidState,
    JournalUnavailable,
    ReaderBusy,
)
from agent.journal.entries import Outcome

READERS = "/v1/terminal/readers"
PROCESS = f"{READERS}/tmr_1/process_payment_intent"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")
        yield agent


async def process(
    agent: Agent, *, key: str, intent: str = "pi_1", prefer: str = ""
) -> Answer:
    return await agent.client.post(
        PROCESS,
        {"payment_intent": intent},
        {"idempotency-key": key, "prefer": prefer},
    )


async def test_a_repeat_starts_no_second_payment(agent: Agent) -> None:
    first = await process(agent, key="k1")
    second = await process(agent, key="k1")

    assert len(agent.actions.requests) == 1
    assert second.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"


async def test_a_repeat_after_a_restart_starts_no_second_payment(
    tmp_path: Path,
) -> None:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")
        first = await process(agent, key="k1")

    async with running_agent(tmp_path) as agent:
        second = await process(agent, key="k1")

        assert agent.actions.requests == []
        assert second.body == first.body


async def test_the_answer_is_durable_with_the_request(agent: Agent) -> None:
    answer = await process(agent, key="k1")

    stored = agent.journal.answers.get("k1")
    assert stored is not None
    assert (stored.status, stored.body) == (200, answer.body)


async def test_another_key_is_another_payment(agent: Agent) -> None:
    await process(agent, key="k1")
    await process(agent, key="k2")

    assert len(agent.actions.requests) == 2


async def test_without_a_key_every_request_counts(agent: Agent) -> None:
    await agent.client.post(PROCESS, {"payment_intent": "pi_1"})
    await agent.client.post(PROCESS, {"payment_intent": "pi_1"})

    assert len(agent.actions.requests) == 2


async def test_a_key_used_for_another_request_is_refused(agent: Agent) -> None:
    await process(agent, key="k1")

    answer = await process(agent, key="k1", intent="pi_2")

    assert answer.status == 400
    assert answer.error["type"] == "idempotency_error"
    assert len(agent.actions.requests) == 1


async def test_a_key_used_on_another_route_is_refused(agent: Agent) -> None:
    await process(agent, key="k1")

    answer = await agent.client.post(
        f"{READERS}/tmr_1/cancel_action", {}, {"idempotency-key": "k1"}
    )

    assert answer.error["code"] == "idempotency_mismatch"


async def test_a_repeat_while_the_first_is_carried_out_is_told_to_wait(
    agent: Agent,
) -> None:
    agent.actions.begins.clear()
    first = asyncio.ensure_future(process(agent, key="k1"))
    await agent.actions.asked.wait()

    second = await process(agent, key="k1")
    agent.actions.begins.set()

    assert second.status == 409
    assert second.error["code"] == "idempotency_key_in_use"
    assert second.headers["stripe-should-retry"] == "true"
    assert (await first).status == 200


async def test_a_final_refusal_is_repeated_without_being_tried(agent: Agent) -> None:
    agent.actions.refusal = IntentInvalidState("It is succeeded.")
    first = await process(agent, key="k1")
    agent.actions.refusal = None

    second = await process(agent, key="k1")

    assert (first.status, second.body) == (400, first.body)
    assert agent.actions.requests == []


@pytest.mark.parametrize("refusal", [ReaderBusy("busy"), JournalUnavailable("full")])
async def test_a_refusal_that_passes_is_not_kept(
    agent: Agent, refusal: AgentError
) -> None:
    agent.actions.refusal = refusal
    first = await process(agent, key="k1")
    agent.actions.refusal = None

    second = await process(agent, key="k1")

    assert (first.status, second.status) == (refusal.status, 200)


async def test_invalid_parameters_are_not_kept(agent: Agent) -> None:
    refused = await agent.client.post(PROCESS, {}, {"idempotency-key": "k1"})

    answer = await process(agent, key="k1")

    assert (refused.status, answer.status) == (400, 200)


async def test_a_key_that_is_too_long_is_refused(agent: Agent) -> None:
    answer = await process(agent, key="k" * 256)

    assert answer.status == 400
    assert "1 to 255 characters" in answer.error["message"]


async def test_registering_twice_with_one_key_registers_once(agent: Agent) -> None:
    form = {"registration_code": "serial:/dev/ttyUSB1"}
    first = await agent.client.post(READERS, form, {"idempotency-key": "k1"})

    second = await agent.client.post(READERS, form, {"idempotency-key": "k1"})

    assert second.json()["id"] == first.json()["id"]
    assert len(agent.fleet.sessions()) == 2


async def test_who_waited_leaves_the_outcome_for_the_repeat(agent: Agent) -> None:
    waiting = asyncio.ensure_future(process(agent, key="k1", prefer="wait=60"))
    await agent.actions.waiting.acquire()
    agent.actions.end("tmr_1", Outcome.SUCCEEDED)
    first = await waiting

    second = await process(agent, key="k1")

    assert first.json()["action"]["status"] == "succeeded"
    assert second.body == first.body


async def test_a_repeat_of_a_waiting_request_waits_for_the_same_payment(
    agent: Agent,
) -> None:
    first_caller = asyncio.ensure_future(process(agent, key="k1", prefer="wait=60"))
    await agent.actions.waiting.acquire()
    second_caller = asyncio.ensure_future(process(agent, key="k1", prefer="wait=60"))
    await agent.actions.waiting.acquire()
    agent.actions.end("tmr_1", Outcome.DECLINED, code="card_declined")

    first, second = await first_caller, await second_caller

    assert second.body == first.body
    assert first.json()["action"]["failure_code"] == "card_declined"
    assert len(agent.actions.requests) == 1


async def test_the_outcome_is_told_even_where_it_cannot_be_kept(agent: Agent) -> None:
    waiting = asyncio.ensure_future(process(agent, key="k1", prefer="wait=60"))
    await agent.actions.waiting.acquire()
    await agent.journal.aclose()
    agent.actions.end("tmr_1", Outcome.SUCCEEDED)

    answer = await waiting

    assert answer.json()["action"]["status"] == "succeeded"
