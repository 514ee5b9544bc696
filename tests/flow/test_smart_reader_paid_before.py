"""What an intent at one of Stripe's readers owes to an earlier action is no later one's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from flow_agent import good
from flow_smart_reader import READERS, SmartStack, running_smart_stack

from simulator.stripe_api.engine.faults import LoseReply, ResetConnection

PROCESS, KEEP = "process_payment_intent", "process_setup_intent"


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


async def test_an_intent_that_was_paid_before_is_not_told_as_paid_again(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()
    first = await smart.waited(PROCESS, {"payment_intent": intent})
    smart.world.stripe_fault(LoseReply(), path=f"{READERS}/*/{PROCESS}")

    good(await smart.process(intent))
    second = await smart.ended()

    found = await smart.agent.rest.get(f"/agent/payments?payment_intent={intent}")
    told = good(found)
    assert first["status"] == "succeeded"
    assert (second.phase, second.failure_code) == ("failed", "payment_not_charged")
    assert [payment["charged"] for payment in told["payments"]] == ["no", "yes"]
    assert told["next_step"] == "done"
    assert await smart.world.taken(intent) == [12_00]


async def test_a_card_that_was_kept_before_is_not_told_as_kept_again(
    smart: SmartStack,
) -> None:
    customer = good(await smart.agent.rest.post("/v1/customers", {}))["id"]
    form = {"allowed_payment_method_types[]": "card_present", "customer": customer}
    setup = good(await smart.agent.rest.post("/v1/setup_intents", form))["id"]
    smart.customer()
    wanted = {"setup_intent": setup, "allow_redisplay": "limited"}
    first = await smart.waited(KEEP, wanted)
    smart.world.stripe_fault(LoseReply(), path=f"{READERS}/*/{KEEP}")

    good(await smart.order(KEEP, wanted))
    second = await smart.ended()

    assert first["status"] == "succeeded"
    assert (second.phase, second.failure_code) == ("failed", "payment_not_charged")


async def test_money_that_was_let_go_before_its_hold_was_noticed_ends_the_action(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00, capture="manual")
    smart.customer()
    good(await smart.process(intent))
    smart.world.stripe_fault(
        ResetConnection(), method="GET", path=f"{READERS}*", times=None
    )
    await smart.world.passed(30.0)
    await smart.world.stripe("POST", f"/v1/payment_intents/{intent}/cancel")
    smart.world.mend_stripe()

    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == ("failed", "payment_not_charged")
    assert await smart.world.taken(intent) == []
