"""Stripe's readers when something goes wrong: nothing is lost, nothing is guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import good
from flow_smart_reader import READERS, SmartStack, running_smart_stack

from agent.settings import PaymentSettings
from simulator.stripe_api.at_the_reader.deeds import (
    CutPower,
    SetAuthorizationTime,
    SetNetwork,
)
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
)
from simulator.stripe_api.smart_readers.phases import Phase

PROCESS = "process_payment_intent"
COMMAND = f"{READERS}/*/{PROCESS}"


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (LoseReply(), 1),
        (LoseReply(), 4),
        (ResetConnection(), 1),
        (CutBody(40), 2),
        (AnswerStatus(500), 2),
        (AnswerStatus(409), 2),
        (Delay(seconds=45.0), 1),
    ],
    ids=repr,
)
async def test_a_lost_command_is_repeated_under_the_same_key(
    smart: SmartStack, fault: Fault, times: int
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()
    smart.world.stripe_fault(fault, path=COMMAND, times=times)

    good(await smart.process(intent))
    payment = await smart.ended()

    requests, keys = smart.world.asked(f"/{PROCESS}")
    assert requests > times
    assert len(keys) == 1
    assert payment.phase == "succeeded"
    assert await smart.world.taken(intent) == [12_00]


async def test_a_command_whose_answer_stays_lost_is_unknown_and_then_settled(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.world.stripe_fault(LoseReply(), path=COMMAND, times=None)

    begun = good(await smart.process(intent))
    smart.do(smart.card())
    payment = await smart.ended()

    assert begun["action"]["status"] == "in_progress"
    assert begun["action"]["failure_code"] == "payment_outcome_unknown"
    assert payment.phase == "succeeded"
    assert await smart.world.taken(intent) == [12_00]


@pytest.mark.parametrize("fault", [LoseReply(), ResetConnection()], ids=repr)
async def test_a_command_is_not_repeated_once_it_was_canceled(
    smart: SmartStack, fault: Fault
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.world.stripe_fault(fault, path=COMMAND, times=3)
    good(await smart.process(intent))

    canceled = good(await smart.order("cancel_action"))
    payment = await smart.ended()
    await smart.world.passed(100.0)

    assert canceled["action"] is None
    assert payment.phase == "canceled"
    assert smart.screen().phase is Phase.IDLE


async def test_a_command_that_never_arrived_ends_as_not_charged(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.world.stripe_fault(ResetConnection(), path=COMMAND, times=None)

    good(await smart.process(intent))
    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == ("failed", "payment_not_charged")
    assert await smart.world.taken(intent) == []


async def test_a_reader_that_does_not_answer_has_not_begun(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.do(SetNetwork(is_up=False))

    silent = await smart.process(intent)
    await smart.world.passed(180.0)
    offline = await smart.process(intent)

    assert silent.json()["error"]["code"] == "terminal_reader_timeout"
    assert offline.json()["error"]["code"] == "terminal_reader_offline"
    assert (await smart.ended()).phase == "failed"


async def test_a_reader_that_has_heard_after_all_is_not_lost_sight_of(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    silence = AnswerStatus(400, "terminal_reader_timeout")
    smart.world.stripe_fault(silence, path=COMMAND)

    refused = await smart.process(intent)
    # What the reader does once the command has reached it.
    path = f"{READERS}/{smart.reader}/{PROCESS}"
    await smart.world.stripe("POST", path, {"payment_intent": intent})
    await smart.world.passed(20.0)
    smart.do(smart.card())
    payment = await smart.ended()

    assert refused.json()["error"]["code"] == "terminal_reader_timeout"
    assert payment.phase == "succeeded"
    assert await smart.world.taken(intent) == [12_00]


async def test_a_charge_whose_reader_lost_its_connection_is_no_failure(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.do(SetAuthorizationTime(10.0))
    smart.customer(after_s=1.0)
    good(await smart.process(intent))
    await smart.world.passed(3.0)

    smart.do(SetNetwork(is_up=False))
    await smart.world.passed(20.0)
    smart.do(SetNetwork(is_up=True))
    payment = await smart.ended()

    assert payment.phase == "succeeded"
    assert await smart.world.taken(intent) == [12_00]
    assert (await smart.agent.action(smart.reader))["status"] == "succeeded"


async def test_a_charge_that_somebody_else_has_covered_up_is_found(
    smart: SmartStack,
) -> None:
    mine, other = await smart.agent.intent(12_00), await smart.agent.intent(7_00)
    good(await smart.process(mine))
    await smart.world.passed(30.0)

    smart.do(smart.card())
    path = f"{READERS}/{smart.reader}/{PROCESS}"
    await smart.world.stripe("POST", path, {"payment_intent": other})
    payment = await smart.ended()

    assert (payment.phase, payment.payment_intent) == ("succeeded", mine)
    action = await smart.agent.action(smart.reader)
    assert action[PROCESS]["payment_intent"] == other


async def test_who_waits_is_told_of_the_own_payment(smart: SmartStack) -> None:
    mine, other = await smart.agent.intent(12_00), await smart.agent.intent(7_00)
    form = {"payment_intent": mine}
    waiting = asyncio.create_task(smart.waited(PROCESS, form))
    await smart.world.passed(30.0)

    smart.do(smart.card())
    path = f"{READERS}/{smart.reader}/{PROCESS}"
    await smart.world.stripe("POST", path, {"payment_intent": other})
    action = await waiting
    listed = good(await smart.agent.rest.get("/v1/events"))["data"]

    told = [e for e in listed if e["type"] == "terminal.reader.action_succeeded"]
    for shown in (action, told[0]["data"]["object"]["action"]):
        assert shown["status"] == "succeeded"
        assert shown[PROCESS]["payment_intent"] == mine


@pytest.mark.parametrize(
    ("verb", "phase", "code"),
    [(PROCESS, "failed", "action_replaced"), ("cancel_action", "canceled", None)],
)
async def test_somebody_else_may_take_the_reader(
    smart: SmartStack, verb: str, phase: str, code: str | None
) -> None:
    mine, other = await smart.agent.intent(12_00), await smart.agent.intent(7_00)
    good(await smart.process(mine))

    form = {"payment_intent": other} if verb == PROCESS else {}
    await smart.world.stripe("POST", f"{READERS}/{smart.reader}/{verb}", form)
    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == (phase, code)


async def test_a_reader_deleted_under_a_payment_leaves_the_word_to_the_intent(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    await smart.world.passed(30.0)

    smart.do(smart.card())
    await smart.world.stripe("DELETE", f"{READERS}/{smart.reader}")

    assert (await smart.ended()).phase == "succeeded"


async def test_a_reader_where_nobody_comes_is_stopped(tmp_path: Path) -> None:
    settings = PaymentSettings(smart_reader_timeout_s=90.0)
    async with running_smart_stack(tmp_path, payments=settings) as smart:
        intent = await smart.agent.intent(12_00)
        good(await smart.process(intent))

        payment = await smart.ended()

        assert payment.failure_code == "terminal_reader_timeout"
        assert payment.phase == "failed"
        assert smart.screen().phase is Phase.IDLE


async def test_a_reader_that_died_is_unknown_until_it_is_back(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    smart.do(CutPower())

    await smart.world.passed(600.0)
    shown = await smart.agent.action(smart.reader)
    refused = await smart.process(intent)
    smart.do(SetNetwork(is_up=True))
    payment = await smart.ended()

    assert shown["failure_code"] == "payment_outcome_unknown"
    assert shown["status"] == "in_progress"
    assert refused.status == 400
    assert payment.failure_code == "terminal_reader_timeout"


async def test_a_charge_of_a_reader_that_never_comes_back_is_found(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    smart.do(SetAuthorizationTime(10.0))
    smart.do(smart.card())
    smart.do(SetNetwork(is_up=False))

    payment = await smart.ended()

    assert payment.phase == "succeeded"
    assert await smart.world.taken(intent) == [12_00]


async def test_a_canceled_intent_ends_what_a_dead_reader_cannot(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    smart.do(CutPower())
    await smart.world.passed(600.0)

    good(await smart.agent.rest.post(f"/v1/payment_intents/{intent}/cancel"))
    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == ("failed", "payment_not_charged")


async def test_stripe_out_of_reach_is_waited_for(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    smart.world.stripe_fault(ResetConnection(), method="GET", path="*", times=None)

    smart.do(smart.card())
    await smart.world.passed(60.0)
    known = await smart.agent.rest.get(f"{READERS}/{smart.reader}")
    smart.world.mend_stripe()
    payment = await smart.ended()

    assert known.json()["action"]["failure_code"] == "payment_outcome_unknown"
    assert known.headers["cardlane-incomplete"] == "stripe_unreachable"
    assert payment.phase == "succeeded"
