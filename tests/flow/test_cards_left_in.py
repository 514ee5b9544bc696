"""Cards that their holders forget in the slot, at readers of both families."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from flow_agent import Stack, good, running_agent
from flow_cables import DYNAPROX, EACH_FAMILY_ON_EACH_KIND, Hardware
from flow_world import World, running_world

from agent.events import CardEvent, DisplayRequested, Event, InputRequested
from agent.payments.card_slot import REPEAT_S
from drivers.wires import WireKind
from simulator.faults import WireFaults

each_hardware = pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
VP3300 = Hardware("idtech_vp3300")
WITH_DISPLAY = (
    DYNAPROX,
    Hardware("magtek_dynaflex_ii_ped", WireKind.HID),
    Hardware("idtech_vp6800"),
)
LONG_S = 300.0


@each_hardware
async def test_a_card_that_is_taken_at_once_is_told_to_be_out(stack: Stack) -> None:
    stack.world.customer("visa_approved")

    with stack.agent.events.listen() as events:
        await pay(stack)
        await stack.world.passed(LONG_S)
        told = told_so_far(events)

    assert asked_for(told) == 1
    assert removals(told) == 1


@each_hardware
async def test_a_card_left_in_is_asked_for_until_it_is_out(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)

    with stack.agent.events.listen() as events:
        action = await pay(stack)
        assert stack.world.reader().has_card_left_in
        await stack.world.passed(3.5 * REPEAT_S)
        before = told_so_far(events)
        stack.world.reader().remove_card()
        await stack.world.passed(LONG_S)
        after = told_so_far(events)

    assert action["status"] == "succeeded"
    assert (asked_for(before), removals(before)) == (4, 0)
    assert (asked_for(after), removals(after)) == (0, 1)


@each_hardware
async def test_the_next_payment_takes_no_card_that_was_left_in(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    first = await stack.agent.intent(12_00)
    await stack.agent.pay(stack.reader, first)
    stack.world.customer("mastercard_approved")
    second = await stack.agent.intent(34_00)

    with stack.agent.events.listen() as events:
        await stack.agent.begin(stack.reader, second)
        await stack.world.passed(1.5 * REPEAT_S)
        before = told_so_far(events)
        stack.world.reader().remove_card()
        action = await stack.agent.ended(stack.reader)
        after = told_so_far(events)

    assert asked_for(before) == 2
    assert not any(isinstance(event, InputRequested) for event in before)
    assert [type(event) for event in after if isinstance(event, _OF_CARDS)][:2] == [
        CardEvent,
        InputRequested,
    ]
    assert action["status"] == "succeeded"
    assert await brand(stack, second) == "mastercard"
    assert await stack.taken(first) == [12_00]
    assert await stack.taken(second) == [34_00]


@each_hardware
async def test_a_card_that_stays_in_ends_the_next_payment(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "card_left_in_reader"
    assert stack.world.confirm_keys(intent) == set()
    stack.world.reader().remove_card()
    stack.world.customer("mastercard_approved")
    assert (await pay(stack))["status"] == "succeeded"


@pytest.mark.parametrize("hardware", [DYNAPROX], ids=str)
async def test_a_removal_that_got_lost_costs_one_payment(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))
    stack.world.reader().remove_card()
    stack.world.wire_faults()
    stack.world.customer("mastercard_approved")

    waited = await pay(stack)
    again = await pay(stack)

    assert waited["failure_code"] == "card_left_in_reader"
    assert again["status"] == "succeeded"


@each_hardware
async def test_who_waits_for_a_card_to_be_taken_out_can_cancel(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.passed(REPEAT_S)

    canceled = good(await stack.agent.cancel(stack.reader))

    assert canceled["action"] is None
    assert stack.world.confirm_keys(intent) == set()
    assert stack.world.reader().has_card_left_in


@each_hardware
async def test_another_payment_may_take_the_place_of_one_that_waits(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)
    waiting = await stack.agent.intent()
    await stack.agent.begin(stack.reader, waiting)
    instead = await stack.agent.intent(34_00)
    await stack.agent.begin(stack.reader, instead)
    stack.world.customer("mastercard_approved")
    stack.world.reader().remove_card()

    action = await stack.agent.ended(stack.reader)

    assert action["process_payment_intent"]["payment_intent"] == instead
    assert action["status"] == "succeeded"
    assert await stack.taken(waiting) == []


@each_hardware
async def test_a_cable_pulled_from_under_a_card_is_no_trouble(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)
    await stack.world.passed(1.5 * REPEAT_S)

    with stack.agent.events.listen() as events:
        stack.world.reader().unplug()
        await stack.agent.until_offline(stack.reader)
        await stack.world.passed(LONG_S)
        told = told_so_far(events)
    stack.world.reader().plug()
    await stack.agent.until_online(stack.reader)
    stack.world.customer("mastercard_approved")
    action = await pay(stack)

    assert (asked_for(told), removals(told)) == (0, 0)
    assert action["status"] == "succeeded"


@each_hardware
async def test_a_cable_pulled_while_a_payment_waits_for_the_card_ends_it(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.passed(REPEAT_S)

    stack.world.reader().unplug()
    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "failed"
    assert stack.world.confirm_keys(intent) == set()


@each_hardware
async def test_an_agent_that_died_over_a_card_goes_on_once_it_is_out(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with running_world({"counter": hardware}) as world:
        await left_in_by_a_dead_agent(world, tmp_path, hardware)
        world.reader().remove_card()
        world.customer("mastercard_approved")

        async with running_agent(world, tmp_path) as agent:
            stack = await found_again(world, agent)
            intent = await agent.intent(34_00)
            action = await agent.pay(stack.reader, intent)

            assert action["status"] == "succeeded"
            assert await brand(stack, intent) == "mastercard"


async def test_the_next_agent_sees_the_card_in_a_reader_that_can_be_asked(
    tmp_path: Path,
) -> None:
    async with running_world({"counter": VP3300}) as world:
        await left_in_by_a_dead_agent(world, tmp_path, VP3300)
        world.customer("mastercard_approved")

        async with running_agent(world, tmp_path) as agent:
            stack = await found_again(world, agent)
            intent = await agent.intent(34_00)
            with agent.events.listen() as events:
                await agent.begin(stack.reader, intent)
                await world.passed(REPEAT_S)
                told = told_so_far(events)
            world.reader().remove_card()
            action = await agent.ended(stack.reader)

            assert asked_for(told) >= 1
            assert action["status"] == "succeeded"
            assert await brand(stack, intent) == "mastercard"


@pytest.mark.parametrize("hardware", WITH_DISPLAY, ids=str)
async def test_a_reader_with_a_display_asks_for_the_card_itself(stack: Stack) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    await pay(stack)

    async with asyncio.timeout(LONG_S):
        await stack.shown("REMOVE CARD")
        stack.world.reader().remove_card()
        await stack.shown("WELCOME")


@each_hardware
async def test_a_tapped_card_is_never_asked_for(stack: Stack) -> None:
    stack.world.customer("visa_contactless", entry="contactless")

    with stack.agent.events.listen() as events:
        await pay(stack)
        await stack.world.passed(LONG_S)
        told = told_so_far(events)

    assert (asked_for(told), removals(told)) == (0, 0)


@each_hardware
async def test_a_card_that_was_looked_at_and_not_charged_is_asked_for(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved", stays_s=None)
    intent = await stack.agent.intent()
    path = f"/v1/terminal/readers/{stack.reader}/collect_payment_method"
    good(await stack.agent.rest.post(path, {"payment_intent": intent}))
    await stack.agent.hold_on(stack.reader)

    with stack.agent.events.listen() as events:
        good(await stack.agent.cancel(stack.reader))
        await stack.world.passed(2.5 * REPEAT_S)
        told = told_so_far(events)

    assert asked_for(told) >= 2
    assert stack.world.confirm_keys(intent) == set()


_OF_CARDS = (CardEvent, DisplayRequested, InputRequested)


async def pay(stack: Stack) -> Any:
    """Take a payment; its end."""
    return await stack.agent.pay(stack.reader, await stack.agent.intent())


async def left_in_by_a_dead_agent(
    world: World, folder: Path, hardware: Hardware
) -> None:
    """A payment, and an agent that ends before its card was taken out."""
    world.customer("visa_approved", stays_s=None)
    async with running_agent(world, folder) as agent:
        stack = Stack(world, agent, await agent.register(hardware.code("counter")))
        assert (await pay(stack))["status"] == "succeeded"


async def found_again(world: World, agent: Any) -> Stack:
    """The reader that an agent before has registered."""
    (session,) = agent.assembled.fleet.sessions()
    await agent.until_online(session.record.reader_id)
    return Stack(world, agent, session.record.reader_id)


async def brand(stack: Stack, intent: str) -> str:
    """Of the card that paid."""
    path = f"/v1/payment_intents/{intent}?expand[]=latest_charge"
    shown = await stack.world.stripe("GET", path)
    details = shown["latest_charge"]["payment_method_details"]
    return str(details["card_present"]["brand"])


def told_so_far(events: asyncio.Queue[Event]) -> list[Event]:
    """What was told since it was asked last."""
    return [events.get_nowait() for _ in range(events.qsize())]


def asked_for(told: list[Event]) -> int:
    """How often the card was asked for."""
    return sum(
        isinstance(event, DisplayRequested) and event.message == "remove_card"
        for event in told
    )


def removals(told: list[Event]) -> int:
    """How often a card was told to be out."""
    return sum(
        isinstance(event, CardEvent) and event.event == "removed" for event in told
    )
