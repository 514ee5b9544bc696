"""Smart readers go on while the agent does not: what it finds when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from flow_agent import Agent, good, running_agent
from flow_world import World, running_world

from agent.ids import ReaderId
from agent.payments.payment import Payment, fold
from simulator.cards.card import Entry
from simulator.stripe_api.at_the_reader.deeds import (
    PresentCard,
    SetAuthorizationTime,
    SetNetwork,
)
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders
from simulator.stripe_api.engine.faults import ResetConnection

READERS = "/v1/terminal/readers"
PROCESS = "process_payment_intent"


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as world:
        yield world


async def begun(agent: Agent) -> tuple[str, str]:
    """A payment that waits for its card: the reader and the intent."""
    form = {"registration_code": "simulated-wpe"}
    reader = str(good(await agent.rest.post(READERS, form))["id"])
    intent = await agent.intent(12_00)
    good(await agent.process(reader, intent, key="till-1"))
    return reader, intent


def present(world: World, reader: str, card: str = "visa_approved") -> None:
    """A card at that reader, now."""
    deed = PresentCard(world.simulator.cards.named(card), Entry.CONTACT)
    SmartReaders(world.simulator.stripe_api).do(reader, deed)


async def ended(agent: Agent, reader: str) -> Payment:
    """The newest payment of the reader, once it has ended."""
    payment_id = agent.journal.latest_payment(ReaderId(reader))
    assert payment_id is not None
    await agent.assembled.actions.wait_finished(payment_id, timeout_s=4000)
    return fold(one.entry for one in agent.journal.entries_of(payment_id))


async def test_a_card_that_was_charged_meanwhile_is_found(
    world: World, tmp_path: Path
) -> None:
    async with running_agent(world, tmp_path) as agent:
        reader, intent = await begun(agent)
    present(world, reader)

    async with running_agent(world, tmp_path) as agent:
        payment = await ended(agent, reader)

    assert payment.phase == "succeeded"
    assert await world.taken(intent) == [12_00]


async def test_a_reader_that_still_waits_is_watched_on(
    world: World, tmp_path: Path
) -> None:
    async with running_agent(world, tmp_path) as agent:
        reader, _ = await begun(agent)

    async with running_agent(world, tmp_path) as agent:
        shown = await agent.action(reader)
        await world.passed(20.0)
        present(world, reader, "visa_declined")
        payment = await ended(agent, reader)

    assert shown["status"] == "in_progress"
    assert (payment.phase, payment.failure_code) == ("declined", "card_declined")


async def test_a_payment_cut_off_can_be_canceled_after_the_restart(
    world: World, tmp_path: Path
) -> None:
    async with running_agent(world, tmp_path) as agent:
        reader, intent = await begun(agent)

    async with running_agent(world, tmp_path) as agent:
        canceled = good(await agent.cancel(reader))
        payment = await ended(agent, reader)

    assert canceled["action"] is None
    assert payment.phase == "canceled"
    assert await world.taken(intent) == []


async def test_a_request_repeated_after_the_restart_begins_nothing_new(
    world: World, tmp_path: Path
) -> None:
    async with running_agent(world, tmp_path) as agent:
        reader, intent = await begun(agent)

    async with running_agent(world, tmp_path) as agent:
        again = await agent.process(reader, intent, key="till-1")
        present(world, reader)
        await ended(agent, reader)

    assert again.headers["idempotent-replayed"] == "true"
    assert world.asked(f"/{PROCESS}")[0] == 1
    assert await world.taken(intent) == [12_00]


async def test_an_end_that_was_hidden_by_a_failed_connection_stays_known(
    world: World, tmp_path: Path
) -> None:
    async with running_agent(world, tmp_path) as agent:
        reader, _ = await begun(agent)
        do = SmartReaders(world.simulator.stripe_api).do
        do(reader, SetAuthorizationTime(10.0))
        present(world, reader)
        do(reader, SetNetwork(is_up=False))
        await world.passed(30.0)
        do(reader, SetNetwork(is_up=True))
        await ended(agent, reader)
    stripes: Any = await world.stripe("GET", f"{READERS}/{reader}")

    async with running_agent(world, tmp_path) as agent:
        shown: Any = await agent.action(reader)

    assert stripes["action"]["failure_code"] == "connection_error"
    assert shown["status"] == "succeeded"
    assert shown["failure_code"] is None


async def test_without_stripe_what_was_cut_off_waits(
    world: World, tmp_path: Path
) -> None:
    async with running_agent(world, tmp_path) as agent:
        reader, _ = await begun(agent)
    present(world, reader)
    world.stripe_fault(ResetConnection(), method="*", path="*", times=None)

    async with running_agent(world, tmp_path) as agent:
        await world.passed(120.0)
        unsettled = agent.assembled.actions.unsettled()
        world.mend_stripe()
        payment = await ended(agent, reader)

    assert [one.reader_id for one in unsettled] == [reader]
    assert payment.phase == "succeeded"
