"""The cable, pulled at every stage of a payment: a right ending, and a way back."""

from __future__ import annotations

import pytest
from flow_agent import Stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND

from agent.payments.states import Phase
from simulator.faults import WireFaults
from simulator.reader.actions import Unplug
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay

pytestmark = pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)


async def test_unplugged_while_it_waits_for_a_card(stack: Stack) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CARD, Unplug())
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "failed"
    assert action["failure_code"] == "reader_disconnected"
    assert await stack.taken(intent) == []
    await pays_again(stack, intent)


async def test_unplugged_while_it_reads_the_card(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    # A slow wire: the card's data are still on it when the cable goes.
    stack.world.wire_faults(to_host=WireFaults(delay_s=0.5))
    stack.world.when(ReaderState.READING, Unplug())
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "failed"
    assert action["failure_code"] == "reader_disconnected"
    assert await stack.taken(intent) == []
    await pays_again(stack, intent)


@pytest.mark.parametrize("card", ["visa_approved", "visa_declined"])
async def test_unplugged_while_stripe_is_asked(card: str, stack: Stack) -> None:
    stack.world.customer(card)
    stack.world.stripe_fault(Delay(seconds=2.0))
    stack.world.when(ReaderState.AUTHORISING, Unplug(), after_s=1.0)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    is_approved = card == "visa_approved"
    assert action["status"] == ("succeeded" if is_approved else "failed")
    assert action["failure_code"] == (None if is_approved else "card_declined")
    assert await stack.taken(intent) == ([12_00] if is_approved else [])
    assert stack.payment().card_verdict_missing is is_approved
    await pays_again(stack, await stack.agent.intent())


async def test_unplugged_before_the_chip_hears_of_the_approval(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.agent.journal.sleeps_at = "confirmed"
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.CONFIRMED)
    stack.world.reader().unplug()
    stack.agent.journal.wake.set()

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]
    await pays_again(stack, await stack.agent.intent())


async def test_unplugged_while_a_refusal_is_reversed(stack: Stack) -> None:
    stack.world.customer("visa_refuses_after_approval")
    stack.world.stripe_fault(Delay(seconds=2.0), path="/v1/refunds")
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.REVERSING)
    stack.world.reader().unplug()

    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []
    await pays_again(stack, await stack.agent.intent())


async def test_an_unplugged_reader_takes_no_payment(stack: Stack) -> None:
    stack.world.reader().unplug()
    await stack.agent.until_offline(stack.reader)

    answer = await stack.agent.process(stack.reader, await stack.agent.intent())

    assert answer.error["code"] == "terminal_reader_offline"
    assert await stack.agent.status(stack.reader) == "offline"
    assert stack.agent.journal.kinds() == []


async def pays_again(stack: Stack, intent: str) -> None:
    """Put the cable back and hold that the reader works as before."""
    stack.world.customer("visa_approved")
    stack.world.wire_faults()
    if not stack.world.reader().is_plugged:
        await stack.agent.until_offline(stack.reader)
        stack.world.reader().plug()
    await stack.agent.until_online(stack.reader)
    action = await stack.agent.pay(stack.reader, intent)
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]
