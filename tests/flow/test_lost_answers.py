"""What Stripe did is found out, never guessed: answers lost, late, cut and refused."""

from __future__ import annotations

import asyncio

import pytest
from flow_agent import Agent, Stack
from skipping_loop import SkippingLoop

from agent.payments.states import Phase
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
    SlowBody,
)

REFUNDS = "/v1/refunds"
CANCEL = "/v1/payment_intents/*/cancel"


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (LoseReply(), 1),
        (LoseReply(), 5),
        (ResetConnection(), 1),
        (ResetConnection(), 5),
        (CutBody(40), 2),
        (AnswerStatus(500), 2),
        (AnswerStatus(503), 2),
        (AnswerStatus(429), 2),
        (AnswerStatus(409), 2),
    ],
    ids=repr,
)
@pytest.mark.parametrize("card", ["visa_approved", "visa_declined"])
async def test_an_outcome_is_settled_by_the_same_idempotency_key(
    fault: Fault, times: int, card: str, stack: Stack
) -> None:
    stack.world.customer(card)
    stack.world.stripe_fault(fault, times=times)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    requests, keys = stack.world.asked("/confirm")
    is_approved = card == "visa_approved"
    assert requests > times
    assert len(keys) == 1
    assert action["status"] == ("succeeded" if is_approved else "failed")
    assert action["failure_code"] == (None if is_approved else "card_declined")
    assert await stack.taken(intent) == ([12_00] if is_approved else [])


@pytest.mark.parametrize(
    "fault", [SlowBody(seconds=40.0), Delay(seconds=45.0)], ids=repr
)
async def test_a_tapped_card_waits_for_no_slow_answer(
    fault: SlowBody | Delay, stack: Stack
) -> None:
    stack.world.customer("visa_contactless", entry="contactless")
    stack.world.stripe_fault(fault)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    requests, keys = stack.world.asked("/confirm")
    assert requests > 1
    assert len(keys) == 1
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_what_is_unknown_is_never_called_a_failure(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(LoseReply(), times=None)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.UNKNOWN)

    action = await stack.agent.action(stack.reader)

    assert action["status"] == "in_progress"
    assert action["failure_code"] == "payment_outcome_unknown"


async def test_nothing_new_is_begun_on_a_reader_with_an_unknown_outcome(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(LoseReply(), times=None)
    first, second = await stack.agent.intent(), await stack.agent.intent()
    await stack.agent.begin(stack.reader, first)
    await stack.agent.until(stack.reader, Phase.UNKNOWN)

    begun = await stack.agent.process(stack.reader, second)
    canceled = await stack.agent.cancel(stack.reader)
    stack.world.mend_stripe()
    settled = await stack.agent.ended(stack.reader)
    again = await stack.agent.pay(stack.reader, second)

    assert begun.error["code"] == canceled.error["code"] == "payment_outcome_unknown"
    assert settled["status"] == again["status"] == "succeeded"
    assert await stack.taken(first) == await stack.taken(second) == [12_00]


async def test_a_refusal_of_the_confirm_itself_charges_nothing(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.stripe("POST", f"/v1/payment_intents/{intent}/cancel")

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "failed"
    assert action["failure_code"] == "payment_intent_unexpected_state"
    assert await stack.taken(intent) == []


async def test_a_confirm_that_certainly_never_went_out_charges_nothing(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(AnswerStatus(429), times=None)
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "stripe_unreachable"
    assert await stack.taken(intent) == []


@pytest.mark.parametrize(
    ("capture", "path"), [("automatic", REFUNDS), ("manual", CANCEL)]
)
@pytest.mark.parametrize(
    "fault",
    [LoseReply(), ResetConnection(), AnswerStatus(500), AnswerStatus(429)],
    ids=repr,
)
async def test_a_lost_reversal_is_repeated_with_the_same_key(
    fault: Fault, capture: str, path: str, stack: Stack
) -> None:
    stack.world.customer("visa_refuses_after_approval")
    stack.world.stripe_fault(fault, path=path, times=3)
    intent = await stack.agent.intent(capture=capture)

    action = await stack.agent.pay(stack.reader, intent)

    requests, keys = stack.world.asked(path.rpartition("*")[2])
    assert requests == 4
    assert len(keys) == 1
    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


async def test_a_reversal_that_somebody_else_made_is_enough(stack: Stack) -> None:
    stack.world.customer("visa_refuses_after_approval")
    stack.world.stripe_fault(ResetConnection(), path=REFUNDS, times=None)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.REVERSING)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    # Time stands still meanwhile, so that the agent does not come first.
    with loop.thread_at_work():
        while not stack.world.asked(REFUNDS)[0]:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0)
        stack.world.mend_stripe()
        await stack.world.stripe("POST", REFUNDS, {"payment_intent": intent})

    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


async def test_an_authorisation_captured_meanwhile_is_refunded(stack: Stack) -> None:
    stack.world.customer("visa_refuses_after_approval")
    stack.world.stripe_fault(ResetConnection(), path=CANCEL, times=None)
    intent = await stack.agent.intent(capture="manual")
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.REVERSING)
    await stack.world.stripe("POST", f"/v1/payment_intents/{intent}/capture")
    stack.world.mend_stripe()

    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


@pytest.mark.parametrize("fault", [AnswerStatus(500), ResetConnection()], ids=repr)
async def test_a_payment_whose_intent_cannot_be_read_does_not_begin(
    fault: Fault, stack: Stack
) -> None:
    intent = await stack.agent.intent()
    stack.world.stripe_fault(
        fault, method="GET", path="/v1/payment_intents/*", times=None
    )

    answer = await stack.agent.process(stack.reader, intent)

    assert answer.error["code"] == "stripe_unreachable"
    assert await idle(stack.agent, stack.reader)


async def idle(agent: Agent, reader: str) -> bool:
    """Whether the reader has nothing to do."""
    return await agent.action(reader) is None and agent.journal.kinds() == []
