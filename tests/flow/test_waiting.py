"""Whoever holds on for a payment's end, and an agent that is told to stop."""

from __future__ import annotations

import asyncio

from asgi_client import Answer
from flow_agent import Stack, good

from agent.payments.states import Phase
from simulator.stripe_api.engine.faults import Delay


async def test_a_caller_who_holds_on_gets_the_end(stack: Stack) -> None:
    stack.world.customer("visa_approved", after_s=5.0)

    answer = await waited(stack, seconds=30)

    assert good(answer)["action"]["status"] == "succeeded"
    assert answer.headers["preference-applied"] == "wait=30"


async def test_a_caller_who_does_not_hold_on_long_enough_hears_so_far(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved", after_s=5.0)

    answer = await waited(stack, seconds=3)

    assert good(answer)["action"]["status"] == "in_progress"


async def test_holding_on_for_what_has_ended_tells_its_end(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    await stack.agent.pay(stack.reader, await stack.agent.intent())
    actions = stack.agent.assembled.actions

    payment = await actions.wait_finished(stack.payment().payment_id, timeout_s=1.0)

    assert payment.phase is Phase.SUCCEEDED


async def test_a_stop_waits_for_a_confirm_under_way(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(Delay(seconds=5.0))
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.until(stack.reader, Phase.CONFIRMING)

    await stack.agent.assembled.actions.drain(timeout_s=10.0)

    assert stack.payment().phase is Phase.SUCCEEDED


async def test_a_stop_does_not_wait_for_ever(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(Delay(seconds=25.0))
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.until(stack.reader, Phase.CONFIRMING)

    await stack.agent.assembled.actions.drain(timeout_s=10.0)

    assert stack.payment().phase is Phase.CONFIRMING


async def test_a_stop_does_not_wait_for_a_customer(stack: Stack) -> None:
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    started_s = stack.world.clock.monotonic()

    await stack.agent.assembled.actions.drain(timeout_s=10.0)

    assert stack.world.clock.monotonic() == started_s


async def test_a_second_caller_is_answered_while_the_first_holds_on(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved", after_s=5.0)
    waiting = asyncio.create_task(waited(stack, seconds=30))
    await stack.world.passed(1.0)

    action = await stack.agent.action(stack.reader)

    assert action["status"] == "in_progress"
    assert good(await waiting)["action"]["status"] == "succeeded"


async def waited(stack: Stack, *, seconds: int) -> Answer:
    """Begin a payment with `Prefer: wait=N`."""
    return await stack.agent.rest.post(
        f"/v1/terminal/readers/{stack.reader}/process_payment_intent",
        {"payment_intent": await stack.agent.intent()},
        {"prefer": f"wait={seconds}"},
    )
