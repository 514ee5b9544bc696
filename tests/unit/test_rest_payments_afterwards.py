"""What a register is told of money after it was taken or held, by whomever it moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    PAYMENT,
    requested,
)
from rest_fakes import Agent, running_agent

from agent.errors import StripeUnreachable
from agent.ids import PaymentId
from agent.journal.entries import Confirmed, Entry, HoldEnded
from agent.stripe_api.client import ForwardedAnswer

INTENT = "/v1/payment_intents/pi_1"
EXPIRES_AT = 1_793_700_000
HELD: Confirmed = replace(
    CONFIRMED, status="requires_capture", capture_before=EXPIRES_AT
)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


async def paid(agent: Agent, *entries: Entry, name: str = "pay_1") -> None:
    """A payment whose confirm ended like this."""
    confirmed = entries or (HELD,)
    all_entries = (requested(), CARD_COLLECTED, CONFIRM_STARTED, *confirmed, FINISHED)
    await agent.journal.append(
        *(replace(entry, payment_id=PaymentId(name)) for entry in all_entries)
    )


def stripe_says(agent: Agent, status: str, **charge: Any) -> None:
    """From now on the PaymentIntent is like this at Stripe."""
    agent.stripe.objects[INTENT] = {
        "id": "pi_1",
        "status": status,
        "amount": 1050,
        "amount_received": charge.get("amount_captured", 0),
        "currency": "usd",
        "livemode": False,
        "payment_method_types": ["card_present"],
        "latest_charge": {
            "id": "ch_1",
            "amount": 1050,
            "amount_captured": 0,
            "amount_refunded": 0,
            "refunded": False,
            "disputed": False,
            "payment_method_details": {
                "type": "card_present",
                "card_present": {"capture_before": EXPIRES_AT},
            },
            **charge,
        },
    }


async def told(agent: Agent) -> Any:
    return (await agent.client.get("/agent/payments/pay_1")).json()


@pytest.mark.parametrize(
    ("status", "charge", "charged", "step", "sentence"),
    [
        ("requires_capture", {}, "yes", "capture", "is held"),
        ("succeeded", {"amount_captured": 1050}, "yes", "done", "is taken."),
        ("canceled", {"refunded": True}, "no", "may_try_again", "is released"),
        (
            "succeeded",
            {"amount_captured": 1050, "amount_refunded": 1050, "refunded": True},
            "returned",
            "may_try_again",
            "given back",
        ),
        (
            "succeeded",
            {"amount_captured": 1050, "amount_refunded": 50},
            "yes",
            "done",
            "part of it was given back",
        ),
        (
            "succeeded",
            {"amount_captured": 1050, "disputed": True},
            "yes",
            "done",
            "disputes",
        ),
    ],
)
async def test_what_has_become_of_held_money_is_asked_of_stripe(
    agent: Agent,
    status: str,
    charge: dict[str, Any],
    charged: str,
    step: str,
    sentence: str,
) -> None:
    await paid(agent)
    agent.clock.advance(3600)
    stripe_says(agent, status, **charge)

    payment = await told(agent)

    assert (payment["charged"], payment["next_step"]) == (charged, step)
    assert sentence in payment["known"]
    assert payment["payment_intent_status"] == status
    assert payment["as_of"] == int(agent.clock.now().timestamp())


@pytest.mark.parametrize(
    ("status", "looked_at"), [("requires_capture", []), ("succeeded", ["pi_1"])]
)
async def test_who_follows_holds_is_told_of_one_that_has_ended(
    agent: Agent, status: str, looked_at: list[str]
) -> None:
    await paid(agent)
    stripe_says(agent, status)

    await told(agent)

    assert agent.holds.looked_at == looked_at


async def test_a_sale_whose_money_was_released_may_be_paid_anew(agent: Agent) -> None:
    await paid(agent)
    stripe_says(agent, "canceled")

    found = (await agent.client.get("/agent/payments?payment_intent=pi_1")).json()

    assert found["next_step"] == "may_try_again"
    assert found["payments"][0]["outcome"] == "succeeded"


async def test_amounts_are_those_of_now(agent: Agent) -> None:
    await paid(agent)
    stripe_says(agent, "succeeded", amount_captured=800, amount_refunded=350)

    payment = await told(agent)

    assert (payment["amount"], payment["amount_received"]) == (1050, 800)
    assert payment["amount_returned"] == 100


async def test_without_stripe_the_last_word_is_told_with_its_time(agent: Agent) -> None:
    await paid(agent)
    then = int(agent.clock.now().timestamp())
    agent.clock.advance(3600)
    agent.stripe.refusal = StripeUnreachable("No connection to Stripe.")

    payment = await told(agent)

    assert (payment["next_step"], payment["as_of"]) == ("capture", then)
    assert payment["capture_before"] == EXPIRES_AT
    assert payment["amount_received"] is None


@pytest.mark.parametrize(
    "answer", [b"{}", b"[]", b"no JSON"], ids=["empty", "list", "text"]
)
async def test_an_answer_that_is_no_intent_changes_nothing(
    agent: Agent, answer: bytes
) -> None:
    await paid(agent)
    agent.stripe.answer = ForwardedAnswer(200, {}, answer)

    assert (await told(agent))["next_step"] == "capture"


async def test_a_hold_known_to_be_released_needs_no_question(agent: Agent) -> None:
    await paid(agent)
    await agent.journal.append(HoldEnded(PAYMENT, "canceled"))

    payment = await told(agent)

    assert (payment["charged"], payment["next_step"]) == ("no", "may_try_again")
    assert agent.stripe.asked == []


async def test_a_captured_hold_stays_captured_without_stripe(agent: Agent) -> None:
    await paid(agent)
    await agent.journal.append(HoldEnded(PAYMENT, "succeeded"))
    agent.stripe.refusal = StripeUnreachable("No connection to Stripe.")

    assert (await told(agent))["next_step"] == "done"


async def test_payments_are_listed_newest_first_page_by_page(agent: Agent) -> None:
    for name in ("pay_1", "pay_2", "pay_3"):
        await paid(agent, CONFIRMED, name=name)

    first = (await agent.client.get("/agent/payments?limit=2")).json()
    last = (await agent.client.get("/agent/payments?starting_after=pay_2")).json()

    assert [each["id"] for each in first["payments"]] == ["pay_3", "pay_2"]
    assert first["has_more"]
    assert [each["id"] for each in last["payments"]] == ["pay_1"]
    assert not last["has_more"]
    assert agent.stripe.asked == []


async def test_held_payments_are_listed_apart(agent: Agent) -> None:
    await paid(agent, HELD, name="pay_1")
    await paid(agent, CONFIRMED, name="pay_2")
    await paid(agent, HELD, name="pay_3")
    await paid(agent, HELD, name="pay_4")
    await agent.journal.append(HoldEnded(PaymentId("pay_4"), "succeeded"))

    held = (await agent.client.get("/agent/payments?held=true")).json()

    assert [each["id"] for each in held["payments"]] == ["pay_3", "pay_1"]
    assert {each["capture_before"] for each in held["payments"]} == {EXPIRES_AT}
    page = (await agent.client.get("/agent/payments?held=true&limit=1")).json()
    rest = (
        await agent.client.get("/agent/payments?held=true&starting_after=pay_3")
    ).json()
    assert ([each["id"] for each in page["payments"]], page["has_more"]) == (
        ["pay_3"],
        True,
    )
    assert ([each["id"] for each in rest["payments"]], rest["has_more"]) == (
        ["pay_1"],
        False,
    )
