"""What a register is told once its payment has ended, and money moves on elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from flow_agent import Stack, good

from agent.rest.payments import STRIPE_WAIT_S
from simulator.stripe_api.engine.faults import Delay, Fault, ResetConnection

INTENTS = "/v1/payment_intents/*"


async def held(stack: Stack, amount: int = 40_00) -> str:
    """The id of a PaymentIntent whose money is held."""
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(amount, capture="manual")
    action = await stack.agent.pay(stack.reader, intent)
    assert action["status"] == "succeeded"
    return intent


async def told(stack: Stack, intent: str) -> Any:
    """What the agent says of the sale; one payment was made for it."""
    found = good(await stack.agent.rest.get(f"/agent/payments?payment_intent={intent}"))
    (payment,) = found["payments"]
    assert payment["next_step"] == found["next_step"]
    return payment


async def test_held_money_awaits_its_capture(stack: Stack) -> None:
    payment = await told(stack, await held(stack))

    assert (payment["charged"], payment["next_step"]) == ("yes", "capture")
    assert payment["payment_intent_status"] == "requires_capture"
    two_days_s = payment["capture_before"] - payment["created"]
    assert two_days_s == pytest.approx(2 * 86_400, abs=60)


async def test_money_captured_through_the_agent_is_taken(stack: Stack) -> None:
    intent = await held(stack, 40_00)
    form = {"amount_to_capture": "3000"}
    good(await stack.agent.rest.post(f"/v1/payment_intents/{intent}/capture", form))

    payment = await told(stack, intent)

    assert (payment["next_step"], payment["amount_received"]) == ("done", 30_00)
    assert payment["amount_returned"] == 0


async def test_money_captured_by_somebody_else_is_taken(stack: Stack) -> None:
    intent = await held(stack)
    await stack.world.stripe("POST", f"/v1/payment_intents/{intent}/capture")

    assert (await told(stack, intent))["next_step"] == "done"


async def test_a_hold_that_was_canceled_charges_nobody(stack: Stack) -> None:
    intent = await held(stack)
    good(await stack.agent.rest.post(f"/v1/payment_intents/{intent}/cancel"))

    payment = await told(stack, intent)

    assert (payment["charged"], payment["next_step"]) == ("no", "may_try_again")
    assert payment["outcome"] == "succeeded"


async def test_refunds_are_told_in_part_and_in_full(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00)
    await stack.agent.pay(stack.reader, intent)
    refund = {"payment_intent": intent, "amount": "200"}
    good(await stack.agent.rest.post("/v1/refunds", refund))
    partly = await told(stack, intent)
    good(await stack.agent.rest.post("/v1/refunds", {"payment_intent": intent}))

    wholly = await told(stack, intent)

    assert (partly["charged"], partly["amount_returned"]) == ("yes", 2_00)
    assert partly["next_step"] == "done"
    assert (wholly["charged"], wholly["amount_returned"]) == ("returned", 12_00)
    assert wholly["next_step"] == "may_try_again"


@pytest.mark.parametrize("fault", [Delay(60.0), ResetConnection()], ids=repr)
async def test_a_stripe_that_does_not_answer_is_not_waited_for_long(
    fault: Fault, stack: Stack
) -> None:
    intent = await held(stack)
    await stack.world.passed(3600)
    stack.world.stripe_fault(fault, method="GET", path=INTENTS, times=None)
    started_s = stack.world.clock.monotonic()

    payment = await told(stack, intent)

    assert stack.world.clock.monotonic() - started_s <= STRIPE_WAIT_S
    assert payment["next_step"] == "capture"
    assert payment["as_of"] <= payment["updated"]
