"""A customer presses the cancel key of a reader of this machine: Stripe's rules hold."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from flow_agent import Stack, good
from flow_cables import DYNAPROX, Hardware

from agent.events import Event, InputRequested
from agent.payments.customer_cancellation import MOST_RESTARTS
from agent.payments.states import Phase
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.reader.actions import PresentCard, PressKey
from simulator.reader.screen import ReaderState

CANCEL = PressKey("cancel")
PIN_PAD = Hardware("magtek_dynaflex_ii_ped", WireKind.HID)
with_a_key = pytest.mark.parametrize(
    "hardware", [DYNAPROX, PIN_PAD, Hardware("idtech_vp6800")], ids=str
)
at_a_pin_pad = pytest.mark.parametrize("hardware", [PIN_PAD], ids=str)
NOT_ENABLED = [None, "false"]
CARD_S = 60.0
"""What a cardholder has by default."""


@with_a_key
async def test_a_customer_who_may_cancel_ends_the_payment(stack: Stack) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CARD, CANCEL)
    intent = await stack.agent.intent()

    await begin(stack, intent, enabled="true")
    action = await stack.agent.ended(stack.reader)

    shown = action["process_payment_intent"]["process_config"]
    assert shown == {"enable_customer_cancellation": True}
    assert (action["status"], action["failure_code"]) == ("failed", "customer_canceled")
    assert stack.world.confirm_keys(intent) == set()


@with_a_key
@pytest.mark.parametrize("enabled", NOT_ENABLED)
async def test_a_customer_who_may_not_is_asked_again_and_pays(
    stack: Stack, enabled: str | None
) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CARD, CANCEL)
    stack.world.customer("visa_approved", only=False)
    intent = await stack.agent.intent(12_00)

    with stack.agent.events.listen() as events:
        await begin(stack, intent, enabled=enabled)
        action = await stack.agent.ended(stack.reader)
        asked = times_asked(events)

    assert asked == 2
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@with_a_key
async def test_a_customer_who_insists_has_canceled(stack: Stack) -> None:
    stack.world.when_waiting(CANCEL)
    intent = await stack.agent.intent()

    with stack.agent.events.listen() as events:
        await begin(stack, intent, enabled="false")
        action = await stack.agent.ended(stack.reader)
        asked = times_asked(events)

    assert asked == 1 + MOST_RESTARTS
    assert action["failure_code"] == "customer_canceled"
    assert stack.world.confirm_keys(intent) == set()


@with_a_key
async def test_being_asked_again_gives_no_more_time(stack: Stack) -> None:
    loop = asyncio.get_running_loop()
    stack.world.when(ReaderState.WAITING_FOR_CARD, CANCEL, after_s=CARD_S - 10)
    began_s = loop.time()

    await begin(stack, await stack.agent.intent())
    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "card_read_timed_out"
    assert loop.time() - began_s == pytest.approx(CARD_S, abs=2)


@with_a_key
async def test_a_key_in_the_last_moment_ends_the_time(stack: Stack) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CARD, CANCEL, after_s=CARD_S - 0.5)

    await begin(stack, await stack.agent.intent())
    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "card_read_timed_out"


@with_a_key
async def test_the_register_may_cancel_what_the_customer_may_not(stack: Stack) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CARD, CANCEL)
    intent = await stack.agent.intent()
    await begin(stack, intent)
    await stack.world.passed(5.0)

    canceled = good(await stack.agent.cancel(stack.reader))

    assert canceled["action"] is None
    assert stack.world.confirm_keys(intent) == set()


@with_a_key
async def test_another_payment_may_take_its_place(stack: Stack) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CARD, CANCEL)
    await begin(stack, await stack.agent.intent())
    await stack.world.passed(5.0)
    instead = await stack.agent.intent(34_00)
    await begin(stack, instead)
    stack.world.customer("visa_approved")

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.taken(instead) == [34_00]


@at_a_pin_pad
async def test_who_may_cancel_at_the_pin_pays_nothing(stack: Stack) -> None:
    stack.world.customer("visa_online_pin", only=False)
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, CANCEL)
    intent = await stack.agent.intent()

    await begin(stack, intent, enabled="true")
    action = await stack.agent.ended(stack.reader)

    assert action["failure_code"] == "customer_canceled"
    assert stack.world.confirm_keys(intent) == set()


@at_a_pin_pad
async def test_who_may_not_cancel_at_the_pin_takes_the_card_out_and_is_asked_again(
    stack: Stack,
) -> None:
    with_pin = stack.world.simulator.cards.named("visa_online_pin")
    inserted = PresentCard(with_pin, Entry.CONTACT, stays_s=None)
    stack.world.when(ReaderState.WAITING_FOR_CARD, inserted)
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, CANCEL)
    intent = await stack.agent.intent(12_00)
    await begin(stack, intent, enabled="false")
    await stack.world.passed(5.0)
    assert stack.payment().phase is Phase.REQUESTED
    assert stack.world.reader().has_card_left_in

    stack.world.customer("mastercard_approved")
    stack.world.reader().remove_card()
    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def begin(stack: Stack, intent: str, *, enabled: str | None = None) -> None:
    """Ask for the payment; `enabled` is whether its customer may cancel."""
    form: dict[str, str] = {"payment_intent": intent}
    if enabled is not None:
        form["process_config[enable_customer_cancellation]"] = enabled
    path = f"/v1/terminal/readers/{stack.reader}/process_payment_intent"
    good(await stack.agent.rest.post(path, form))


def times_asked(events: asyncio.Queue[Event]) -> int:
    """How often a card was asked for."""
    told: list[Any] = [events.get_nowait() for _ in range(events.qsize())]
    return sum(isinstance(event, InputRequested) for event in told)
