"""`/agent/payments/:id/receipt`: which payments have one, and in which forms."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgi_client import Answer
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    DECLINED,
    FINISHED,
    PAYMENT,
    requested,
)
from receipts import charge, intent
from rest_fakes import Agent, running_agent

from agent.journal.entries import ActionFinished, AnswerLost, Entry, Outcome
from agent.rest.auth import KeyScope
from agent.stripe_api.client import ForwardedAnswer

PAID: tuple[Entry, ...] = (
    requested(),
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
)
CANCELED = ActionFinished(PAYMENT, Outcome.CANCELED, "customer_canceled", "Canceled.")
REFUSED = ActionFinished(PAYMENT, Outcome.DECLINED, "card_declined", "Declined.")


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        agent.stripe.objects = {
            "/v1/payment_intents/pi_1": intent(charge()),
            "/v1/account": {"business_profile": {"name": "Corner Shop"}},
        }
        yield agent


async def receipt(agent: Agent, query: str = "") -> Answer:
    return await agent.client.get(f"/agent/payments/pay_1/receipt{query}")


async def test_a_paid_payment_has_a_receipt_for_programs(agent: Agent) -> None:
    await agent.journal.append(*PAID)

    answer = await receipt(agent)

    assert answer.status == 200
    told = answer.json()
    assert told["payment"] == "pay_1"
    assert (told["outcome"], told["amount"], told["copy"]) == (
        "approved",
        1434,
        "customer",
    )
    assert told["card"]["last4"] == "0010"


async def test_text_has_the_width_and_copy_that_were_asked_for(agent: Agent) -> None:
    await agent.journal.append(*PAID)

    answer = await receipt(agent, "?format=text&copy=merchant&width=32")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.body.decode().splitlines()
    assert lines[0].strip() == "Corner Shop"
    assert lines[3] == "-" * 32
    assert lines[-1].strip() == "MERCHANT COPY"


async def test_a_page_may_run_nothing_and_is_kept_by_no_cache(agent: Agent) -> None:
    await agent.journal.append(*PAID)

    answer = await receipt(agent, "?format=html")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert b"<dd>14.34 USD</dd>" in answer.body


async def test_a_printer_gets_its_bytes(agent: Agent) -> None:
    await agent.journal.append(*PAID)

    answer = await receipt(agent, "?format=escpos&width=32")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert b"TOTAL                  14.34 USD\n" in answer.body


async def test_without_the_printers_library_the_extra_is_named(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    await agent.journal.append(*PAID)
    monkeypatch.setitem(sys.modules, "escpos.printer", None)

    answer = await receipt(agent, "?format=escpos")

    assert (answer.status, answer.json()["code"]) == (400, "escpos_not_installed")
    assert "cardlane[receipts]" in answer.json()["remedy"]


async def test_a_decline_has_a_receipt_of_its_own_charge(agent: Agent) -> None:
    await agent.journal.append(*PAID[:3], DECLINED, REFUSED)
    agent.stripe.objects["/v1/payment_intents/pi_1"] = intent(charge(id="ch_2"))
    agent.stripe.objects["/v1/charges/ch_1"] = charge(
        status="failed", captured=False, failure_message="Your card was declined."
    )

    told = (await receipt(agent)).json()

    assert told["outcome"] == "declined"
    assert told["failure_message"] == "Your card was declined."
    assert told["amount_tip"] is None


async def test_a_receipt_does_without_an_account_that_stripe_does_not_show(
    agent: Agent,
) -> None:
    await agent.journal.append(*PAID)
    del agent.stripe.objects["/v1/account"]
    agent.stripe.answer = ForwardedAnswer(404, {}, b"{}")

    assert (await receipt(agent)).json()["merchant"] is None


@pytest.mark.parametrize(
    ("entries", "status", "code"),
    [
        ((), 404, "resource_missing"),
        (PAID[:1], 409, "receipt_not_ready"),
        (PAID[:2], 409, "receipt_not_ready"),
        (PAID[:3], 409, "payment_outcome_unknown"),
        ((*PAID[:3], AnswerLost(PAYMENT, "timeout")), 409, "payment_outcome_unknown"),
        ((requested(), CANCELED), 404, "receipt_missing"),
    ],
)
async def test_without_an_end_or_a_charge_there_is_no_receipt(
    agent: Agent, entries: tuple[Entry, ...], status: int, code: str
) -> None:
    if entries:
        await agent.journal.append(*entries)

    answer = await receipt(agent)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert agent.stripe.asked == []


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, b"{}", "resource_missing"),
        (500, b"{}", "stripe_unreachable"),
        (200, b"<html>", "stripe_unreachable"),
    ],
)
async def test_what_stripe_does_not_tell_is_not_made_up(
    agent: Agent, status: int, body: bytes, code: str
) -> None:
    await agent.journal.append(*PAID)
    agent.stripe.objects.clear()
    agent.stripe.answer = ForwardedAnswer(status, {}, body)

    assert (await receipt(agent)).json()["code"] == code


@pytest.mark.parametrize("query", ["?format=pdf", "?copy=both", "?width=40", "?a=b"])
async def test_other_forms_are_refused(agent: Agent, query: str) -> None:
    answer = await receipt(agent, query)

    assert answer.status == 400
    assert answer.json()["code"] in {"parameter_invalid", "parameter_unknown"}


async def test_a_receipt_needs_the_scope_of_payments(agent: Agent) -> None:
    client = await agent.client_with(KeyScope.READERS)

    answer = await client.get("/agent/payments/pay_1/receipt")

    assert (answer.status, answer.json()["code"]) == (403, "local_key_scope")
