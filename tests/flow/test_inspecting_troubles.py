"""A card that is looked at: full disks, registers that hang up or contradict themselves."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from flow_actions import ask, begin
from flow_agent import Stack
from flow_invariants import works_again

from agent.payments.states import Phase
from simulator.reader.screen import ReaderState

COLLECT, CONFIRM = "collect_payment_method", "confirm_payment_intent"


@pytest.mark.parametrize("kind", ["confirm_ordered", "card_collected"])
async def test_an_order_that_cannot_be_written_down_charges_nobody(
    kind: str, stack: Stack
) -> None:
    stack.agent.journal.fills_up_at = kind
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent()
    await begin(stack, COLLECT, {"payment_intent": intent})
    await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)

    answer = await ask(stack, CONFIRM, {"payment_intent": intent})

    stack.agent.journal.free_disk()
    action = await stack.agent.ended(stack.reader)
    assert answer.status in (400, 503)
    assert answer.error["code"] in ("journal_unavailable", "intent_invalid_state")
    assert (action["status"], action["failure_code"]) == (
        "failed",
        "payment_interrupted",
    )
    assert await stack.taken(intent) == []
    await works_again(stack)


async def test_an_order_of_which_a_register_hung_up_counts(stack: Stack) -> None:
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent()
    await begin(stack, COLLECT, {"payment_intent": intent})
    await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)
    stack.agent.journal.sleeps_at = "confirm_ordered"
    ordering = asyncio.create_task(ask(stack, CONFIRM, {"payment_intent": intent}))
    await stack.agent.journal.asleep.wait()

    ordering.cancel()
    with suppress(asyncio.CancelledError):
        await ordering
    stack.agent.journal.wake.set()
    action = await stack.agent.ended(stack.reader)

    assert (action["type"], action["status"]) == (CONFIRM, "succeeded")
    assert await stack.taken(intent) == [12_00]


async def test_a_card_that_the_disk_has_not_seen_may_be_ordered_already(
    stack: Stack,
) -> None:
    stack.agent.journal.sleeps_at = "card_collected"
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent()
    await begin(stack, COLLECT, {"payment_intent": intent})
    await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)
    ordering = asyncio.create_task(ask(stack, CONFIRM, {"payment_intent": intent}))
    await stack.agent.journal.asleep.wait()
    stack.agent.journal.wake.set()

    answer = await ordering

    assert answer.status == 200
    assert (await stack.agent.ended(stack.reader))["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_an_order_comes_too_late_for_a_chip_that_is_gone(stack: Stack) -> None:
    stack.agent.journal.sleeps_at = "card_collected"
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await begin(stack, COLLECT, {"payment_intent": intent})
    await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)
    ordering = asyncio.create_task(ask(stack, CONFIRM, {"payment_intent": intent}))
    await stack.agent.journal.asleep.wait()
    stack.world.reader().remove_card()
    await stack.world.is_in(ReaderState.IDLE)
    stack.agent.journal.wake.set()

    answer = await ordering
    action = await stack.agent.ended(stack.reader)

    assert answer.error["code"] == "intent_invalid_state"
    assert (action["status"], action["failure_code"]) == ("failed", "card_removed")
    assert await stack.taken(intent) == []


async def test_tips_that_contradict_are_refused(stack: Stack) -> None:
    form = {
        "payment_intent": await stack.agent.intent(),
        "collect_config[skip_tipping]": "true",
        "collect_config[tipping][amount_eligible]": "500",
    }

    answer = await ask(stack, COLLECT, form)

    assert answer.error["param"] == "collect_config[tipping][amount_eligible]"
