"""What no reader can do is refused as Stripe refuses it, before a card is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_actions import ask
from flow_agent import Stack, good
from flow_smart_reader import SmartStack, running_smart_stack

from simulator.stripe_api.engine.faults import Delay

NAMED_BY_A_PARAMETER = [
    ("process_payment_intent", {"payment_intent": "pi_nowhere"}, "payment_intent"),
    ("collect_payment_method", {"payment_intent": "pi_nowhere"}, "payment_intent"),
    (
        "process_setup_intent",
        {"setup_intent": "seti_nowhere", "allow_redisplay": "always"},
        "setup_intent",
    ),
    ("refund_payment", {"payment_intent": "pi_nowhere"}, "payment_intent"),
    ("refund_payment", {"charge": "ch_nowhere"}, "charge"),
]


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


@pytest.mark.parametrize(("action", "form", "param"), NAMED_BY_A_PARAMETER)
async def test_an_object_that_does_not_exist_is_a_bad_parameter(
    stack: Stack, action: str, form: dict[str, str], param: str
) -> None:
    answer = await ask(stack, action, form)

    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (400, "resource_missing")
    assert error["param"] == param


@pytest.mark.parametrize(("action", "form", "param"), NAMED_BY_A_PARAMETER)
async def test_a_smart_reader_says_the_same(
    smart: SmartStack, action: str, form: dict[str, str], param: str
) -> None:
    answer = await smart.order(action, form)

    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (400, "resource_missing")
    assert error["param"] == param


async def test_of_a_reader_and_an_intent_that_do_not_exist_the_reader_is_missed(
    smart: SmartStack,
) -> None:
    smart.world.stripe_fault(Delay(5.0), method="GET", path="/v1/terminal/readers/*")

    answer = await smart.agent.process("tmr_nowhere", "pi_nowhere")

    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (404, "resource_missing")
    assert "tmr_nowhere" in error["message"]


async def test_an_intent_that_takes_no_card_at_a_reader_asks_for_none(
    stack: Stack,
) -> None:
    form = {
        "amount": "1200",
        "currency": "usd",
        "allowed_payment_method_types[]": "card",
    }
    created = good(await stack.agent.rest.post("/v1/payment_intents", form))

    answer = await stack.agent.process(stack.reader, created["id"])

    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("parameter_invalid", "payment_intent")
    assert "card_present" in error["message"]
    assert await stack.agent.action(stack.reader) is None


async def test_a_cancellation_takes_no_parameters(
    stack: Stack, smart: SmartStack
) -> None:
    answers = [
        await ask(stack, "cancel_action", {"force": "true"}),
        await smart.order("cancel_action", {"force": "true"}),
    ]

    for answer in answers:
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("parameter_unknown", "force")
