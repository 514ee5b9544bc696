"""How much of Stripe's time smart readers take, and how soon an end is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import good
from flow_smart_reader import READERS, SmartStack, running_smart_stack

from agent.ids import ReaderId
from simulator.stripe_api.engine.faults import AnswerStatus

PROCESS = "process_payment_intent"


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


async def took(smart: SmartStack, *, after_s: float) -> float:
    """Seconds from a customer's card to the end of the payment."""
    intent = await smart.agent.intent(12_00)
    smart.nobody()
    good(await smart.process(intent))
    await smart.world.passed(after_s)
    began_s = smart.world.clock.monotonic()
    smart.do(smart.card())
    await smart.ended()
    return smart.world.clock.monotonic() - began_s


async def test_a_quick_card_is_known_within_a_second(smart: SmartStack) -> None:
    assert await took(smart, after_s=1.0) <= 0.8
    assert await took(smart, after_s=10.0) <= 1.3


async def test_how_long_customers_take_is_learnt(smart: SmartStack) -> None:
    for _ in range(3):
        await took(smart, after_s=25.0)

    usual_s = smart.agent.assembled.actions.smart.readers.usual.of(PROCESS)
    assert usual_s == pytest.approx(25.5, abs=1.0)


async def test_a_payment_of_half_a_minute_costs_few_questions(
    smart: SmartStack,
) -> None:
    smart.world.forget_requests()

    await took(smart, after_s=30.0)

    assert smart.questions() <= 36


async def test_a_register_that_looks_itself_spares_the_agents_question(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    await smart.world.passed(132.0)
    smart.do(smart.card())
    smart.world.forget_requests()

    await smart.agent.shown(smart.reader)
    payment = await smart.ended()

    assert payment.phase == "succeeded"
    assert smart.questions() == 1


async def test_several_readers_are_one_question(smart: SmartStack) -> None:
    others = []
    for _ in range(3):
        form = {"registration_code": "simulated-wpe"}
        others.append(good(await smart.agent.rest.post(READERS, form))["id"])
    for reader in (smart.reader, *others):
        intent = await smart.agent.intent(12_00)
        good(await smart.agent.process(reader, intent))
    await smart.world.passed(10.0)
    smart.world.forget_requests()

    await smart.world.passed(10.0)

    assert smart.questions() <= 11


async def test_a_reader_that_the_list_has_not_is_asked_for_by_itself(
    smart: SmartStack,
) -> None:
    form = {"registration_code": "simulated-wpe"}
    for _ in range(100):
        good(await smart.agent.rest.post(READERS, form))
    newest = good(await smart.agent.rest.post(READERS, form))["id"]
    for reader in (smart.reader, newest):
        intent = await smart.agent.intent(12_00)
        good(await smart.agent.process(reader, intent))

    await smart.world.passed(5.0)
    smart.do(smart.card())

    assert (await smart.ended()).phase == "succeeded"


async def test_asked_too_often_the_agent_waits_as_long_as_stripe_wants(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    path = f"{READERS}/{smart.reader}"
    smart.world.stripe_fault(AnswerStatus(429), method="GET", path=path, times=3)
    smart.world.forget_requests()

    await smart.world.passed(6.0)
    asked = smart.questions()
    smart.do(smart.card())

    assert asked <= 4
    assert (await smart.ended()).phase == "succeeded"


async def test_who_waits_for_many_waits_for_none(smart: SmartStack) -> None:
    actions = smart.agent.assembled.actions
    looks = [actions.smart.readers.look(ReaderId(smart.reader)) for _ in range(20)]
    smart.world.forget_requests()

    found = await asyncio.gather(*looks)

    assert {reader.reader_id for reader in found} == {smart.reader}
    assert smart.questions() == 1
