"""`/agent/payments`: a payment found by whatever the register still knows of it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    DECLINED,
    FINISHED,
    PAYMENT,
    requested,
)
from rest_fakes import Agent, running_agent

from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    AnswerLost,
    Entry,
    Outcome,
)
from agent.journal.journal import OF_INTENT, OF_REFERENCE
from agent.payments.reference import reference_digest
from agent.payments.wanted import ProcessPaymentIntent
from agent.rest.auth import KeyScope
from agent.rest.payments import MOST_PAYMENTS

REFERENCE = "Sale 42/ä"
SALE: ActionRequested = replace(
    requested(), reference_digest=reference_digest(REFERENCE)
)
DECLINE: tuple[Entry, ...] = (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    DECLINED,
    ActionFinished(PAYMENT, Outcome.DECLINED, "card_declined", "Declined."),
)
PAID: tuple[Entry, ...] = (CARD_COLLECTED, CONFIRM_STARTED, CONFIRMED, FINISHED)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


def of(payment_id: str, *entries: Entry) -> tuple[Entry, ...]:
    """The same entries of another payment."""
    return tuple(replace(entry, payment_id=PaymentId(payment_id)) for entry in entries)


async def test_a_paid_sale_is_found_by_its_reference(agent: Agent) -> None:
    await agent.journal.append(SALE, *PAID)

    answer = await agent.client.get("/agent/payments?reference=Sale%2042%2F%C3%A4")

    found = answer.json()
    assert (answer.status, found["next_step"]) == (200, "done")
    assert [payment["id"] for payment in found["payments"]] == ["pay_1"]
    assert found["payments"][0] == {
        "id": "pay_1",
        "reader": "tmr_1",
        "action": "process_payment_intent",
        "payment_intent": "pi_1",
        "setup_intent": None,
        "amount": 1050,
        "amount_tip": None,
        "currency": "usd",
        "created": int(agent.clock.now().timestamp()),
        "updated": int(agent.clock.now().timestamp()),
        "phase": "succeeded",
        "outcome": "succeeded",
        "charged": "yes",
        "refunded": None,
        "next_step": "done",
        "known": "The money is taken.",
        "charge": "ch_1",
        "result": None,
        "failure_code": None,
        "failure_message": None,
        "decline_code": None,
        "card_verdict_missing": False,
        "as_of": int(agent.clock.now().timestamp()),
        "payment_intent_status": "succeeded",
        "amount_received": None,
        "amount_returned": None,
        "capture_before": None,
        "offline": None,
    }


async def test_a_lost_answer_is_no_decline(agent: Agent) -> None:
    lost = AnswerLost(PAYMENT, "timeout")
    await agent.journal.append(SALE, CARD_COLLECTED, CONFIRM_STARTED, lost)

    told = (await agent.client.get("/agent/payments/pay_1")).json()

    assert (told["phase"], told["charged"], told["next_step"]) == (
        "unknown",
        "unknown",
        "wait",
    )
    assert told["outcome"] is None
    assert told["failure_code"] is None


async def test_a_second_card_that_pays_settles_the_sale(agent: Agent) -> None:
    await agent.journal.append(SALE, *DECLINE)
    await agent.journal.append(*of("pay_2", SALE, *PAID))

    found = (await agent.client.get("/agent/payments?payment_intent=pi_1")).json()

    assert [p["outcome"] for p in found["payments"]] == ["succeeded", "declined"]
    assert found["payments"][1]["next_step"] == "may_try_again"
    assert found["next_step"] == "done"


@pytest.mark.parametrize(
    "query", ["reference=never", "payment_intent=pi_9", "reference=pay_1"]
)
async def test_what_never_began_here_may_be_taken(agent: Agent, query: str) -> None:
    await agent.journal.append(SALE, *PAID)

    found = (await agent.client.get(f"/agent/payments?{query}")).json()

    assert found == {"payments": [], "next_step": "may_try_again"}


async def test_a_payment_under_way_is_told_as_far_as_it_is(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    request = ProcessPaymentIntent(PaymentIntentId("pi_1"))
    await agent.actions.begin(ReaderId("tmr_1"), request, answer=None)
    agent.actions.lose_answer("tmr_1")

    found = (await agent.client.get("/agent/payments?payment_intent=pi_1")).json()

    assert found["payments"][0]["phase"] == "unknown"
    assert found["next_step"] == "wait"


async def test_a_reference_of_every_sale_names_none(agent: Agent) -> None:
    for number in range(MOST_PAYMENTS + 1):
        await agent.journal.append(*of(f"pay_{number}", SALE))

    answer = await agent.client.get("/agent/payments?reference=Sale%2042%2F%C3%A4")

    assert (answer.status, answer.json()["code"]) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("?reference=a&held=true", 400, "parameter_invalid"),
        ("?payment_intent=pi_1&limit=5", 400, "parameter_invalid"),
        ("?ending_before=pay_1", 400, "parameter_invalid"),
        ("?starting_after=pay_9", 404, "resource_missing"),
        ("?held=true&starting_after=pay_9", 404, "resource_missing"),
        ("?reference=a&payment_intent=pi_1", 400, "parameter_invalid"),
        ("?card=4", 400, "parameter_unknown"),
        ("/pay_9", 404, "resource_missing"),
        ("/pay_9?expand=a", 400, "parameter_unknown"),
    ],
)
async def test_a_question_that_cannot_be_answered_says_why(
    agent: Agent, path: str, status: int, code: str
) -> None:
    answer = await agent.client.get(f"/agent/payments{path}")

    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_asking_needs_the_scope_of_payments(agent: Agent) -> None:
    client = await agent.client_with(KeyScope.READERS)

    answer = await client.get("/agent/payments?reference=a")

    assert (answer.status, answer.json()["code"]) == (403, "local_key_scope")


async def test_the_journal_need_not_be_read_to_find_a_payment(
    agent: Agent, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        plans = [
            connection.execute(f"EXPLAIN QUERY PLAN {query}", ("x", 1)).fetchall()
            for query in (OF_INTENT, OF_REFERENCE)
        ]

    assert all("USING INDEX requests_by_" in plan[0][3] for plan in plans)
