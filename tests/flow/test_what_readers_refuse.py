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

CANCELED, FOR_CARDS = "a canceled intent", "an intent for cards online"
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


REFUSED_WHATEVER_GOES_ON = [
    ("process_payment_intent", {}),
    ("process_payment_intent", {"payment_intent": "pi_nowhere"}),
    ("collect_payment_method", {"payment_intent": CANCELED}),
    ("process_payment_intent", {"payment_intent": FOR_CARDS}),
    ("process_setup_intent", {"setup_intent": "seti_nowhere"}),
    ("confirm_payment_intent", {"payment_intent": FOR_CARDS}),
]


@pytest.mark.parametrize(("action", "form"), REFUSED_WHATEVER_GOES_ON)
async def test_an_order_that_is_refused_ends_nothing_at_a_smart_reader(
    smart: SmartStack, action: str, form: dict[str, str]
) -> None:
    rest = smart.agent.rest
    sale = await smart.agent.intent()
    good(await smart.process(sale))
    canceled = await smart.agent.intent()
    good(await rest.post(f"/v1/payment_intents/{canceled}/cancel"))
    card = {"allowed_payment_method_types[]": "card", "currency": "usd"}
    for_cards = good(await rest.post("/v1/payment_intents", {**card, "amount": "900"}))
    named = {CANCELED: canceled, FOR_CARDS: for_cards["id"]}

    answer = await smart.order(
        action, {name: named.get(value, value) for name, value in form.items()}
    )

    assert answer.status == 400
    assert smart.payment().payment_intent == sale
    smart.customer()
    assert (await smart.ended()).phase == "succeeded"
    assert await smart.world.taken(sale) == [12_00]


async def test_a_confirmation_that_comes_twice_hides_no_end(smart: SmartStack) -> None:
    smart.customer()
    sale = {"payment_intent": await smart.agent.intent()}
    await smart.waited("collect_payment_method", sale)
    first = await smart.order("confirm_payment_intent", sale)

    second = await smart.order("confirm_payment_intent", sale)

    assert good(first)["action"]["status"] == "in_progress"
    assert second.json()["error"]["code"] == "intent_invalid_state"
    assert (await smart.ended()).phase == "succeeded"
    shown = good(await smart.agent.rest.get(f"/v1/terminal/readers/{smart.reader}"))
    assert shown["action"]["type"] == "confirm_payment_intent"
    assert shown["action"]["status"] == "succeeded"
