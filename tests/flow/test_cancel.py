"""cancel_action and replacement: in time, too late, and against a reader that hangs."""

from __future__ import annotations

import asyncio

from flow_agent import Stack, good

from agent.payments.states import Phase
from simulator.faults import WireFaults
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay

SILENCE = WireFaults(drop=1.0)


async def test_a_payment_that_waits_for_its_card_is_canceled(stack: Stack) -> None:
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert stack.world.reader().screen.state is ReaderState.IDLE
    assert await stack.taken(intent) == []


async def test_a_payment_is_canceled_before_the_reader_has_asked(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert await stack.taken(intent) == []


async def test_canceling_an_idle_reader_is_harmless(stack: Stack) -> None:
    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None


async def test_canceling_clears_an_action_that_has_ended(stack: Stack) -> None:
    stack.world.customer("visa_declined")
    await stack.agent.pay(stack.reader, await stack.agent.intent())

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None


async def test_a_payment_being_authorised_is_not_canceled(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(Delay(seconds=5.0))
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.CONFIRMING)

    canceled = await stack.agent.cancel(stack.reader)
    replaced = await stack.agent.process(stack.reader, await stack.agent.intent())
    action = await stack.agent.ended(stack.reader)

    assert canceled.error["code"] == replaced.error["code"] == "terminal_reader_busy"
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_canceling_races_with_the_card_and_one_of_them_wins(
    stack: Stack,
) -> None:
    outcomes = {await race(stack, turns=turns) for turns in range(40)}

    assert outcomes - {TOO_LATE} == {
        (200, None, ()),
        (400, "succeeded", (12_00,)),
    }


TOO_LATE = (0, None, ())


async def race(stack: Stack, *, turns: int) -> tuple[int, str | None, tuple[int, ...]]:
    """Cancel so many turns of the loop after the card came, and see what was."""
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    stack.world.present("visa_approved")
    for _ in range(turns):
        await asyncio.sleep(0)
    if stack.payment().is_finished:
        return TOO_LATE
    canceled = await stack.agent.cancel(stack.reader)
    action = await stack.agent.ended(stack.reader)
    taken = await stack.taken(intent)
    return canceled.status, action and action["status"], tuple(taken)


async def test_the_next_command_replaces_a_payment_that_waits(stack: Stack) -> None:
    first, second = await stack.agent.intent(), await stack.agent.intent()
    await stack.agent.begin(stack.reader, first)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    stack.world.customer("visa_approved", after_s=1.0)

    action = await stack.agent.pay(stack.reader, second)

    assert action["status"] == "succeeded"
    assert action["process_payment_intent"]["payment_intent"] == second
    assert await stack.taken(first) == []
    assert await stack.taken(second) == [12_00]


async def test_a_reader_that_does_not_obey_is_canceled_all_the_same(
    stack: Stack,
) -> None:
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    stack.world.wire_faults(to_host=SILENCE)
    started_s = stack.world.clock.monotonic()

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert stack.world.clock.monotonic() - started_s <= 30
    stack.world.wire_faults()
    stack.world.customer("visa_approved")
    assert (await stack.agent.pay(stack.reader, intent))["status"] == "succeeded"


async def test_a_reader_unplugged_under_a_cancellation_is_no_error(
    stack: Stack,
) -> None:
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    stack.world.wire_faults(to_host=SILENCE)
    canceling = asyncio.create_task(stack.agent.cancel(stack.reader))
    await asyncio.sleep(1.0)

    stack.world.reader().unplug()

    assert good(await canceling)["action"] is None


async def test_a_register_that_deletes_a_reader_ends_what_waits_there(
    stack: Stack,
) -> None:
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    good(
        await stack.agent.rest.request("DELETE", f"/v1/terminal/readers/{stack.reader}")
    )

    again = await stack.agent.register()
    stack.world.customer("visa_approved")
    assert (await stack.agent.pay(again, intent))["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]
