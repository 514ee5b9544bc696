"""Smart readers where the machine, the key or Stripe itself stands in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import good
from flow_smart_reader import READERS, SmartStack, running_smart_stack

from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    Delay,
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


async def test_a_command_that_stripe_did_not_take_may_be_sent_again(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()
    smart.world.stripe_fault(AnswerStatus(429), path=COMMAND, times=3)

    refused = await smart.process(intent, **{"idempotency-key": "till-1"})
    first = (await smart.ended()).failure_code
    accepted = await smart.process(intent, **{"idempotency-key": "till-1"})

    assert refused.json()["error"]["code"] == "stripe_unreachable"
    assert first == "stripe_unreachable"
    assert good(accepted)["action"]["status"] == "in_progress"
    assert (await smart.ended()).phase == "succeeded"


async def test_nothing_is_sent_that_cannot_be_written_down(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.agent.journal.disk.is_full = True

    answer = await smart.process(intent)

    assert answer.json()["error"]["code"] == "journal_unavailable"
    assert smart.world.asked(f"/{PROCESS}")[0] == 0
    smart.agent.journal.free_disk()
    smart.customer()
    good(await smart.process(intent))
    assert (await smart.ended()).phase == "succeeded"


@pytest.mark.parametrize("kind", ["confirmed", "action_finished"])
async def test_an_end_is_told_once_it_can_be_written_down(
    smart: SmartStack, kind: str
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.agent.journal.fills_up_at = kind
    good(await smart.process(intent))

    smart.do(smart.card())
    await smart.agent.journal.fell_full.wait()
    shown = await smart.agent.action(smart.reader)
    smart.agent.journal.free_disk()
    payment = await smart.ended()

    assert shown["status"] == "in_progress"
    assert payment.phase == "succeeded"


async def test_a_key_that_lost_its_permission_leaves_the_outcome_unknown(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    reader = f"{READERS}/{smart.reader}"
    smart.world.stripe_fault(AnswerStatus(403), method="GET", path=reader, times=None)

    smart.do(smart.card())
    await smart.world.passed(60.0)
    unsettled = smart.agent.assembled.actions.unsettled()
    smart.world.mend_stripe()

    assert [payment.reader_id for payment in unsettled] == [smart.reader]
    assert (await smart.ended()).phase == "succeeded"


async def test_an_intent_that_cannot_be_read_is_asked_for_again(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    path = f"/v1/payment_intents/{intent}"
    smart.world.stripe_fault(AnswerStatus(500), method="GET", path=path, times=9)

    smart.do(smart.card())

    assert (await smart.ended()).phase == "succeeded"


async def test_a_repeat_that_comes_through_after_its_cancellation_is_canceled_too(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.world.stripe_fault(ResetConnection(), path=COMMAND, times=2)
    smart.world.stripe_fault(Delay(10.0), path=COMMAND)
    good(await smart.process(intent))
    await smart.world.passed(2.0)

    canceling = asyncio.create_task(smart.order("cancel_action"))
    await smart.world.passed(60.0)

    assert (await canceling).status == 200
    assert (await smart.ended()).phase == "canceled"
    assert smart.screen().phase is Phase.IDLE


async def test_a_cancellation_whose_answer_is_lost_still_counts(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))
    path = f"{READERS}/*/cancel_action"
    smart.world.stripe_fault(LoseReply(), path=path, times=3)

    lost = await smart.order("cancel_action")
    payment = await smart.ended()

    assert lost.json()["error"]["code"] == "stripe_answer_lost"
    assert payment.phase == "canceled"
