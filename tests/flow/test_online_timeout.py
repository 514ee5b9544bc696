"""A chip waits only so long for its issuer; what is approved later goes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flow_agent import Agent, Stack, running_agent, running_stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND, Hardware
from flow_world import World, running_world

from agent.journal.entries import CardEndedEarly
from agent.payments.states import Phase
from agent.settings import PaymentSettings
from simulator.faults import WireFaults
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay, LoseReply, ResetConnection

each_hardware = pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
STALLED = Delay(seconds=75.0)


@each_hardware
@pytest.mark.parametrize("capture", ["automatic", "manual"])
async def test_an_approval_that_comes_too_late_is_taken_back(
    capture: str, stack: Stack
) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(STALLED)
    intent = await stack.agent.intent(capture=capture)

    action = await stack.agent.pay(stack.reader, intent)

    assert (action["status"], action["failure_code"]) == ("failed", "online_timed_out")
    assert await stack.taken(intent) == []
    assert len(stack.world.confirm_keys(intent)) == 1


@each_hardware
async def test_the_card_is_told_before_stripe_has_answered(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(STALLED)
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.world.is_in(ReaderState.AUTHORISING)
    asked_s = stack.world.clock.monotonic()

    await stack.world.is_done_with(ReaderState.AUTHORISING)

    waited_s = stack.world.clock.monotonic() - asked_s
    assert 29.0 <= waited_s <= 33.0
    assert not stack.payment().is_finished
    assert stack.payment().card_end is not None
    await stack.agent.ended(stack.reader)


@each_hardware
async def test_a_slow_answer_in_time_is_an_approval(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(Delay(seconds=25.0))
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@each_hardware
async def test_a_decline_that_comes_too_late_is_a_decline(stack: Stack) -> None:
    stack.world.customer("visa_declined")
    stack.world.stripe_fault(STALLED)
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "card_declined"
    assert stack.world.asked("/v1/refunds")[0] == 0


@each_hardware
async def test_nothing_new_begins_until_stripe_has_answered(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(STALLED)
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.world.is_done_with(ReaderState.AUTHORISING)

    answer = await stack.agent.process(stack.reader, await stack.agent.intent())

    assert answer.error["code"] in {"terminal_reader_busy", "payment_outcome_unknown"}
    await stack.agent.ended(stack.reader)


@pytest.mark.parametrize("fault", [LoseReply(), ResetConnection()], ids=repr)
@each_hardware
async def test_a_crash_does_not_forget_that_the_card_has_left(
    fault: LoseReply | ResetConnection, hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(hardware, tmp_path) as till:
        till.world.stripe_fault(fault, times=None)
        async with till.agent() as agent:
            intent = await agent.intent()
            await agent.begin(till.reader, intent)
            await till.world.is_done_with(ReaderState.AUTHORISING)
            await agent.until(till.reader, Phase.UNKNOWN)
        till.world.mend_stripe()

        async with till.agent() as agent:
            action = await agent.ended(till.reader)

        assert action["failure_code"] == "online_timed_out"
        assert await till.world.taken(intent) == []


@pytest.mark.parametrize(
    "faults", [WireFaults(drop=1.0), WireFaults(cut_after_bytes=4)], ids=["deaf", "cut"]
)
@each_hardware
async def test_a_reader_that_cannot_be_told_does_not_keep_the_charge(
    faults: WireFaults, stack: Stack
) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(STALLED)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.AUTHORISING)
    stack.world.wire_faults(to_reader=faults)

    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "online_timed_out"
    assert await stack.taken(intent) == []


async def test_a_reader_that_gives_up_by_itself_is_believed(tmp_path: Path) -> None:
    # MagTek's readers wait for the issuer as long as for the cardholder.
    impatient = PaymentSettings(card_timeout_s=10)
    async with running_stack(tmp_path, payments=impatient) as stack:
        stack.world.customer("visa_approved")
        stack.world.stripe_fault(Delay(seconds=25.0))
        intent = await stack.agent.intent()

        action = await stack.agent.pay(stack.reader, intent)

        assert action["failure_code"] == "declined_by_reader"
        assert await stack.taken(intent) == []
        entries = [one.entry for one in stack.agent.journal.read(limit=1000)]
        early = [entry for entry in entries if isinstance(entry, CardEndedEarly)]
        assert [entry.verdict for entry in early] == ["declined"]


@dataclass
class Till:
    """A reader that outlives its agents."""

    world: World
    folder: Path
    reader: str

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Agent]:
        async with running_agent(self.world, self.folder) as agent:
            await agent.until_online(self.reader)
            yield agent


@asynccontextmanager
async def shop(hardware: Hardware, folder: Path) -> AsyncIterator[Till]:
    """A registered reader and a customer with a good card."""
    async with running_world({"counter": hardware}) as world:
        async with running_agent(world, folder) as agent:
            reader = await agent.register(hardware.code("counter"))
        world.customer("visa_approved")
        yield Till(world, folder, reader)
