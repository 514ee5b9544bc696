"""Payments at ID TECH's NEO readers: the agent, their driver, and both simulators."""

from __future__ import annotations

import pytest
from flow_agent import Stack
from flow_cables import Hardware

from drivers.wires import WireKind
from simulator.reader.actions import PressKey, RemoveCard
from simulator.reader.screen import ReaderState

EVERYWHERE = [Hardware("idtech_vp3300", kind) for kind in WireKind]
VP6800 = Hardware("idtech_vp6800")
KIOSK_V = Hardware("idtech_kiosk_v")


@pytest.mark.parametrize("hardware", EVERYWHERE, ids=lambda each: str(each.kind))
@pytest.mark.parametrize(
    ("card", "entry", "read_method"),
    [
        ("visa_approved", "contact", "contact_emv"),
        ("girocard_debit", "contact", "contact_emv"),
        ("visa_contactless", "contactless", "contactless_emv"),
        ("visa_stripe_tap", "contactless", "contactless_magstripe_mode"),
        ("amex_approved", "swipe", "magnetic_stripe_track2"),
    ],
)
async def test_an_approved_card_is_charged_once(
    card: str, entry: str, read_method: str, stack: Stack
) -> None:
    stack.world.customer(card, entry=entry)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert (action["status"], action["failure_code"]) == ("succeeded", None)
    assert await stack.taken(intent) == [12_00]
    assert await stack.read_method(intent) == read_method


@pytest.mark.parametrize(
    "hardware", [VP6800, KIOSK_V], ids=lambda each: str(each.model)
)
async def test_other_models_take_a_tap_too(stack: Stack) -> None:
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize("hardware", EVERYWHERE[:1], ids=["vp3300"])
async def test_a_reader_that_asks_its_host_for_the_application_is_answered(
    stack: Stack,
) -> None:
    stack.world.reader().set_quirks({"asks_for_application": 1.0})
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize("hardware", EVERYWHERE[:1], ids=["vp3300"])
@pytest.mark.parametrize("entry", ["contact", "contactless", "swipe"])
async def test_a_reader_with_aes_keys_is_paid_at_too(entry: str, stack: Stack) -> None:
    stack.world.reader().set_quirks({"aes_keys": 1.0})
    stack.world.customer("visa_approved", entry=entry)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize("hardware", EVERYWHERE[:1], ids=["vp3300"])
@pytest.mark.parametrize(
    ("card", "entry", "code"),
    [
        ("visa_declined", "contact", "card_declined"),
        ("visa_insufficient_funds", "contactless", "card_declined"),
        ("visa_expired", "swipe", "expired_card"),
        ("visa_removed_early", "contact", "card_removed"),
        ("visa_refuses_after_approval", "contact", "declined_by_reader"),
        ("visa_removed_before_completion", "contact", "declined_by_reader"),
    ],
)
async def test_a_payment_that_fails_charges_nothing(
    card: str, entry: str, code: str, stack: Stack
) -> None:
    stack.world.customer(card, entry=entry)
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert (action["status"], action["failure_code"]) == ("failed", code)
    assert await stack.taken(intent) == []


@pytest.mark.parametrize("hardware", EVERYWHERE[:1], ids=["vp3300"])
async def test_a_card_pulled_while_stripe_is_asked_gets_its_money_back(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    stack.world.when(ReaderState.AUTHORISING, RemoveCard())
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


@pytest.mark.parametrize("hardware", EVERYWHERE[:1], ids=["vp3300"])
async def test_a_reader_whose_encryption_is_off_reads_no_card(stack: Stack) -> None:
    stack.world.reader().set_quirks({"encryption_off": 1.0})
    stack.world.customer("visa_approved", entry="swipe")
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "failed"
    assert await stack.taken(intent) == []


@pytest.mark.parametrize("hardware", [VP6800], ids=["vp6800"])
async def test_the_customer_may_cancel_on_the_keypad(stack: Stack) -> None:
    stack.world.when_waiting(PressKey("cancel"))
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "customer_canceled"
