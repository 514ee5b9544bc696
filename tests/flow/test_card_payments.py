"""What becomes of a payment with each kind of card, way to present it, and setting."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_actions import told
from flow_agent import Stack, running_stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND

from agent.settings import PaymentSettings
from simulator.reader.actions import PressKey, RemoveCard
from simulator.reader.screen import ReaderState


@pytest.mark.parametrize(
    ("card", "entry", "read_method"),
    [
        ("visa_approved", "contact", "contact_emv"),
        ("mastercard_approved", "contact", "contact_emv"),
        ("visa_contactless", "contactless", "contactless_emv"),
        ("visa_chip_fallback", "swipe", "magnetic_stripe_track2"),
    ],
)
async def test_an_approved_card_is_charged_once(
    card: str, entry: str, read_method: str, stack: Stack
) -> None:
    stack.world.customer(card, entry=entry)
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert action["failure_code"] is None
    assert await stack.taken(intent) == [12_00]
    assert await stack.read_method(intent) == read_method


@pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
async def test_issuer_scripts_reach_the_card_byte_for_byte(stack: Stack) -> None:
    stack.world.customer("mastercard_issuer_scripts")
    intent = await stack.agent.intent(12_00)

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_a_dead_chip_falls_back_to_the_stripe(stack: Stack) -> None:
    stack.world.customer("visa_chip_fallback", entry="contact")
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.shown("USE MAGSTRIPE")
    stack.world.customer("visa_chip_fallback", entry="swipe")

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.read_method(intent) == "magnetic_stripe_fallback"


async def test_a_wallet_with_two_cards_is_asked_for_one(stack: Stack) -> None:
    stack.world.customer("visa_two_cards", entry="contactless")
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.shown("ONE CARD")
    stack.world.customer("visa_contactless", entry="contactless")

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("visa_declined", "card_declined", "generic_decline"),
        ("visa_insufficient_funds", "card_declined", "insufficient_funds"),
        ("visa_expired", "expired_card", "expired_card"),
        ("visa_processing_error", "processing_error", "processing_error"),
    ],
)
async def test_a_refusal_is_told_in_stripes_words_and_charges_nothing(
    card: str, code: str, decline_code: str | None, stack: Stack
) -> None:
    stack.world.customer(card)
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert (action["status"], action["failure_code"]) == ("failed", code)
    declined = (await told(stack))["decline_code"]
    assert action["api_error"]["type"] == "card_error"
    assert action["api_error"].get("decline_code") == declined == decline_code
    assert await stack.taken(intent) == []


async def test_a_declined_intent_can_be_paid_with_another_card(stack: Stack) -> None:
    intent = await stack.agent.intent(12_00)
    stack.world.customer("visa_insufficient_funds")
    await stack.agent.pay(stack.reader, intent)
    stack.world.customer("visa_approved")

    action = await stack.agent.pay(stack.reader, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize("capture", ["automatic", "manual"])
@pytest.mark.parametrize(
    "card", ["visa_refuses_after_approval", "visa_removed_before_completion"]
)
async def test_what_the_card_refuses_after_approval_is_given_back(
    card: str, capture: str, stack: Stack
) -> None:
    stack.world.customer(card)
    intent = await stack.agent.intent(capture=capture)

    action = await stack.agent.pay(stack.reader, intent)

    shown = await stack.world.stripe("GET", f"/v1/payment_intents/{intent}")
    assert action["status"] == "failed"
    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []
    assert shown["status"] == ("canceled" if capture == "manual" else "succeeded")


async def test_an_authorisation_waits_for_its_capture(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00, capture="manual")

    action = await stack.agent.pay(stack.reader, intent)

    shown = await stack.world.stripe("GET", f"/v1/payment_intents/{intent}")
    assert action["status"] == "succeeded"
    assert shown["status"] == "requires_capture"
    assert shown["amount_capturable"] == 12_00


async def test_a_card_pulled_while_it_is_read_was_not_charged(stack: Stack) -> None:
    stack.world.customer("visa_removed_early")
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert (action["status"], action["failure_code"]) == ("failed", "card_removed")
    assert await stack.taken(intent) == []


async def test_a_card_pulled_while_stripe_is_asked_gets_its_money_back(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    stack.world.when(ReaderState.AUTHORISING, RemoveCard())
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


async def test_no_card_in_time_ends_the_payment(stack: Stack) -> None:
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "card_read_timed_out"
    assert action["status"] == "failed"


async def test_the_customer_may_cancel_on_the_reader(stack: Stack) -> None:
    stack.world.when_waiting(PressKey("cancel"))
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    assert action["failure_code"] == "customer_canceled"
    assert action["status"] == "failed"


@pytest.mark.parametrize(
    ("card", "status", "taken"),
    [("visa_approved", "succeeded", [12_00]), ("visa_declined", "failed", [])],
)
async def test_quick_chip_ends_with_stripes_answer(
    card: str, status: str, taken: list[int], tmp_path: Path
) -> None:
    quick = PaymentSettings(chip_flow="quick_chip")
    async with running_stack(tmp_path, payments=quick) as stack:
        stack.world.customer(card)
        intent = await stack.agent.intent(12_00)

        action = await stack.agent.pay(stack.reader, intent)

        payment = stack.payment()
        assert action["status"] == status
        assert await stack.taken(intent) == taken
        assert not payment.card_verdict_missing
