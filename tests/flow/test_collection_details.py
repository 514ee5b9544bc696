"""What cardholders and cards do besides being read, at readers of both families."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from flow_agent import Stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND, Hardware

from agent.events import (
    CardEvent,
    CustomerBusy,
    DisplayRequested,
    Event,
    InputRequested,
)
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.reader.actions import PresentCard, PressKey
from simulator.reader.screen import ReaderState

each_hardware = pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
PIN_PAD = Hardware("magtek_dynaflex_ii_ped", WireKind.HID)
"""Asks for a card's PIN by itself."""
VP6800 = Hardware("idtech_vp6800")
"""Asks for a PIN that the chip judges."""
VP5300 = Hardware("idtech_vp5300")
at_a_pin_pad = pytest.mark.parametrize("hardware", [PIN_PAD], ids=str)
ENTER = PressKey("enter")


@each_hardware
async def test_an_inserted_card_is_to_be_taken_out_at_the_end(stack: Stack) -> None:
    stack.world.customer("visa_approved")

    told = await heard_while_paying(stack)

    assert messages(told).count("remove_card") == 1


@each_hardware
async def test_nobody_is_asked_to_take_out_a_tapped_card(stack: Stack) -> None:
    stack.world.customer("visa_contactless", entry="contactless")

    told = await heard_while_paying(stack)

    assert "remove_card" not in messages(told)


@each_hardware
async def test_a_card_that_was_pulled_need_not_be_taken_out(stack: Stack) -> None:
    stack.world.customer("visa_removed_before_completion")

    told = await heard_while_paying(stack)

    assert "remove_card" not in messages(told)


@each_hardware
async def test_the_ways_to_present_a_card_are_told_in_the_sdks_words(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")

    told = await heard_while_paying(stack)

    first = next(event for event in told if isinstance(event, InputRequested))
    presented = next(event for event in told if isinstance(event, CardEvent))
    assert set(first.options) <= {"insert", "swipe", "tap"}
    assert (presented.event, presented.option) == ("presented", "insert")


@each_hardware
async def test_a_dead_chip_is_followed_by_the_stripe(stack: Stack) -> None:
    once(stack, "visa_chip_fallback", Entry.CONTACT)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.passed(5.0)
    stack.world.customer("visa_chip_fallback", entry="swipe")

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.read_method(intent) == "magnetic_stripe_fallback"


async def test_a_tap_that_gives_a_stripe_is_not_the_readers_fault(
    stack: Stack,
) -> None:
    stack.world.customer("visa_stripe_tap", entry="contactless")

    action = await stack.agent.pay(stack.reader, await stack.agent.intent())

    assert (action["status"], action["failure_code"]) == ("failed", "card_not_read")


@each_hardware
async def test_of_two_cards_in_a_wallet_none_is_charged(stack: Stack) -> None:
    once(stack, "visa_two_cards", Entry.CONTACTLESS)
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    await stack.world.passed(5.0)
    taken_before = await stack.taken(intent)
    stack.world.customer("visa_contactless", entry="contactless")

    action = await stack.agent.ended(stack.reader)

    assert taken_before == []
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@each_hardware
async def test_a_card_pulled_early_was_not_charged(stack: Stack) -> None:
    stack.world.customer("visa_removed_early")
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert (action["status"], action["failure_code"]) == ("failed", "card_removed")
    assert stack.world.confirm_keys(intent) == set()


@each_hardware
async def test_no_card_in_time_is_told_as_such(stack: Stack) -> None:
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "card_read_timed_out"


@pytest.mark.parametrize("card", ["visa_offline_pin", "visa_online_pin"])
@pytest.mark.parametrize("hardware", [PIN_PAD, VP6800], ids=str)
async def test_the_right_pin_pays(card: str, stack: Stack) -> None:
    stack.world.customer(card, only=False)
    types(stack, stack.world.simulator.cards.named(card).account.pin)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize("hardware", [VP5300], ids=str)
async def test_a_customer_at_a_pin_pad_is_told_to_be_busy(stack: Stack) -> None:
    stack.world.reader().set_quirks({"pin_pad": 1.0})
    stack.world.customer("visa_offline_pin", only=False)
    types(stack, "1234")

    told = await heard_while_paying(stack)

    steps = [event.step for event in told if isinstance(event, CustomerBusy)]
    assert steps == ["entering_pin"]
    assert stack.payment().phase == "succeeded"


@at_a_pin_pad
async def test_a_wrong_pin_is_for_the_issuer_to_decline(stack: Stack) -> None:
    stack.world.customer("visa_online_pin", only=False)
    types(stack, "9999")
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "failed"
    assert action["api_error"]["type"] == "card_error"
    assert await decline_code(stack, intent) == "incorrect_pin"
    assert await stack.taken(intent) == []


@at_a_pin_pad
async def test_who_types_no_pin_pays_nothing(stack: Stack) -> None:
    stack.world.customer("visa_online_pin")
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "failed"
    assert await stack.taken(intent) == []


@at_a_pin_pad
async def test_no_pin_is_told_or_kept(stack: Stack) -> None:
    stack.world.customer("visa_online_pin", only=False)
    pin = stack.world.simulator.cards.named("visa_online_pin").account.pin
    types(stack, pin)

    told = await heard_while_paying(stack)

    entries = [one.entry for one in stack.agent.journal.read(limit=1000)]
    assert f"'{pin}'" not in repr([told, entries])
    assert all("pin" not in message for message in messages(told))


async def heard_while_paying(stack: Stack) -> list[Event]:
    """Take a payment; what was told meanwhile."""
    intent = await stack.agent.intent()
    with stack.agent.events.listen() as events:
        await stack.agent.pay(stack.reader, intent)
        return [events.get_nowait() for _ in range(events.qsize())]


async def decline_code(stack: Stack, intent: str) -> str:
    """Why Stripe says that the last attempt was declined."""
    shown = await stack.world.stripe("GET", f"/v1/payment_intents/{intent}")
    return str(shown["last_payment_error"]["decline_code"])


def messages(told: Iterable[Event]) -> list[str]:
    """The messages among them."""
    return [event.message for event in told if isinstance(event, DisplayRequested)]


def once(stack: Stack, card: str, entry: Entry) -> None:
    """The next customer presents this card, and then nobody comes."""
    present = PresentCard(stack.world.simulator.cards.named(card), entry)
    stack.world.when(ReaderState.WAITING_FOR_CARD, present)


def types(stack: Stack, digits: str) -> None:
    """Whoever is asked for something at the reader types this, once."""
    keys = (*map(PressKey, digits), ENTER)
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, *keys)
