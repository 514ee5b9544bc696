"""The end of an action: told once it is certain, with the reader free again."""

from __future__ import annotations

import pytest
from flow_agent import Stack

from agent.payments.states import FINAL, Phase


@pytest.mark.parametrize("card", ["visa_approved", "visa_declined"])
async def test_who_is_told_of_an_end_finds_the_reader_free(
    card: str, stack: Stack
) -> None:
    stack.world.customer(card)
    first, second = await stack.agent.intent(), await stack.agent.intent()
    await stack.agent.begin(stack.reader, first)
    await stack.agent.until(stack.reader, *FINAL)

    answer = await stack.agent.process(stack.reader, second)

    assert answer.status == 200


async def test_an_end_is_not_told_before_it_is_on_disk(stack: Stack) -> None:
    stack.agent.journal.sleeps_at = "action_finished"
    stack.world.customer("visa_approved")
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.journal.asleep.wait()

    before = await stack.agent.action(stack.reader)
    stack.agent.journal.wake.set()
    after = await stack.agent.ended(stack.reader)

    assert before["status"] == "in_progress"
    assert after["status"] == "succeeded"


async def test_an_end_that_could_not_be_written_was_never_told(stack: Stack) -> None:
    stack.agent.journal.fills_up_at = "action_finished"
    stack.world.customer("visa_approved")
    told = []
    with stack.agent.events.listen() as events:
        await stack.agent.begin(stack.reader, await stack.agent.intent())
        await stack.agent.journal.fell_full.wait()
        stack.agent.journal.free_disk()
        await stack.agent.ended(stack.reader)
        await stack.agent.until_true(
            lambda: "action_finished" in stack.agent.journal.kinds()
        )
        while not events.empty():
            told.append(getattr(events.get_nowait(), "phase", None))

    assert told.count(Phase.SUCCEEDED) == 1
