"""Every other action on Stripe's smart readers, and what registers hear of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from flow_agent import good
from flow_smart_reader import SmartStack, running_smart_stack

from simulator.stripe_api.at_the_reader.deeds import AnswerInput, EnterPin
from simulator.stripe_api.smart_readers.phases import Phase

COLLECT, CONFIRM = "collect_payment_method", "confirm_payment_intent"
SETUP, REFUND = "process_setup_intent", "refund_payment"
INTERAC = {"currency": "cad", "allowed_payment_method_types[]": "interac_present"}


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


async def told(smart: SmartStack, type_: str) -> Any:
    """The objects of the agent's own events of that type, oldest first."""
    listed = good(await smart.agent.rest.get(f"/v1/events?type={type_}&limit=100"))
    return [event["data"]["object"] for event in reversed(listed["data"])]


async def paid_with_interac(smart: SmartStack) -> str:
    """A PaymentIntent paid by a card that only a reader gives back to."""
    form = {**INTERAC, "amount": "900", "capture_method": "automatic"}
    intent = good(await smart.agent.rest.post("/v1/payment_intents", form))["id"]
    smart.customer("interac_approved")
    action = await smart.waited("process_payment_intent", {"payment_intent": intent})
    assert action["status"] == "succeeded", action
    return str(intent)


async def test_a_card_is_collected_inspected_and_confirmed(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()

    collected = await smart.waited(COLLECT, {"payment_intent": intent})
    nothing_yet = await smart.world.taken(intent)
    confirmed = await smart.waited(CONFIRM, {"payment_intent": intent})

    assert collected[COLLECT]["payment_method"]["card_present"]["brand"] == "visa"
    assert nothing_yet == []
    assert (confirmed["type"], confirmed["status"]) == (CONFIRM, "succeeded")
    assert await smart.world.taken(intent) == [12_00]


async def test_a_collected_card_is_told_as_stripe_tells_it(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()

    await smart.waited(COLLECT, {"payment_intent": intent})

    (reader,) = await told(smart, "terminal.reader.action_updated")
    assert reader["action"]["status"] == "in_progress"
    assert reader["action"][COLLECT]["payment_method"]["card_present"]["last4"]


async def test_a_collected_card_is_no_payment(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()
    await smart.waited(COLLECT, {"payment_intent": intent})

    found = good(await smart.agent.rest.get(f"/agent/payments?payment_intent={intent}"))

    assert found["payments"][0]["charged"] == "no"
    assert found["next_step"] == "may_try_again"


async def test_a_card_confirmed_before_its_collection_was_seen_is_charged(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.order(COLLECT, {"payment_intent": intent}))
    await smart.world.passed(40.0)

    smart.do(smart.card())
    confirmed = await smart.waited(CONFIRM, {"payment_intent": intent})

    assert confirmed["status"] == "succeeded"
    assert await smart.world.taken(intent) == [12_00]


async def test_a_confirm_does_not_end_a_collection_that_waits(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.order(COLLECT, {"payment_intent": intent}))

    early = await smart.order(CONFIRM, {"payment_intent": intent})

    assert early.json()["error"]["code"] == "intent_invalid_state"
    assert smart.screen().phase is Phase.WAITING_FOR_CARD


async def test_a_decline_of_a_collected_card_is_told(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer("visa_declined")
    await smart.waited(COLLECT, {"payment_intent": intent})

    confirmed = await smart.waited(CONFIRM, {"payment_intent": intent})

    assert (confirmed["status"], confirmed["failure_code"]) == (
        "failed",
        "card_declined",
    )
    assert (await smart.ended()).phase == "declined"


async def test_a_card_is_kept(smart: SmartStack) -> None:
    form = {"allowed_payment_method_types[]": "card_present"}
    setup = good(await smart.agent.rest.post("/v1/setup_intents", form))["id"]
    smart.customer()

    action = await smart.waited(
        SETUP, {"setup_intent": setup, "allow_redisplay": "always"}
    )
    payment = await smart.ended()

    assert action["status"] == "succeeded"
    assert action[SETUP]["generated_card"] == payment.result
    assert (payment.phase, payment.setup_intent) == ("succeeded", setup)


async def test_a_card_that_is_not_good_is_not_kept(smart: SmartStack) -> None:
    form = {"allowed_payment_method_types[]": "card_present"}
    setup = good(await smart.agent.rest.post("/v1/setup_intents", form))["id"]
    smart.customer("visa_declined")

    action = await smart.waited(
        SETUP, {"setup_intent": setup, "allow_redisplay": "always"}
    )

    assert action["status"] == "failed"
    assert (await smart.ended()).phase == "declined"


async def test_interac_is_given_back_at_the_reader(smart: SmartStack) -> None:
    intent = await paid_with_interac(smart)

    action = await smart.waited(REFUND, {"payment_intent": intent})
    payment = await smart.ended()

    assert action["status"] == "succeeded"
    assert action[REFUND]["refund"] == payment.result
    refund = await smart.world.stripe("GET", f"/v1/refunds/{payment.result}")
    assert refund["metadata"] == {"cardlane_payment": payment.payment_id}
    assert (payment.phase, payment.amount) == ("succeeded", 900)


async def test_a_refund_that_somebody_else_has_covered_up_is_found(
    smart: SmartStack,
) -> None:
    intent = await paid_with_interac(smart)
    smart.nobody()
    good(await smart.order(REFUND, {"payment_intent": intent}))
    await smart.world.passed(40.0)

    smart.do(smart.card("interac_approved"))
    smart.do(EnterPin())
    path = f"/v1/terminal/readers/{smart.reader}/cancel_action"
    await smart.world.stripe("POST", path)
    payment = await smart.ended()

    assert payment.phase == "succeeded"
    assert payment.result is not None


async def test_a_form_is_filled_in(smart: SmartStack) -> None:
    form = {
        "inputs[0][type]": "text",
        "inputs[0][custom_text][title]": "Name",
        "inputs[0][required]": "true",
    }
    good(await smart.order("collect_inputs", form))

    smart.do(AnswerInput("Ada"))
    await smart.ended()

    action = await smart.agent.action(smart.reader)
    assert action["status"] == "succeeded"
    assert action["collect_inputs"]["inputs"][0]["text"]["value"] == "Ada"
    kept = await told(smart, "terminal.reader.action_succeeded")
    assert len(kept) == 1
    assert "Ada" not in str(kept)
    journal = smart.agent.journal.entries_of(smart.payment().payment_id)
    assert "Ada" not in str(journal)


async def test_a_form_that_nobody_fills_in_fails(smart: SmartStack) -> None:
    form = {
        "inputs[0][type]": "email",
        "inputs[0][custom_text][title]": "Mail",
        "inputs[0][required]": "true",
    }

    action = await smart.waited("collect_inputs", form)
    if action["status"] == "in_progress":
        await smart.ended()
        action = await smart.agent.action(smart.reader)

    assert action["status"] == "failed"
    assert (await smart.ended()).phase == "failed"


async def test_a_cart_is_shown_until_it_is_cleared(smart: SmartStack) -> None:
    cart = {
        "type": "cart",
        "cart[currency]": "cad",
        "cart[total]": "500",
        "cart[line_items][0][amount]": "500",
        "cart[line_items][0][description]": "Tea",
        "cart[line_items][0][quantity]": "1",
    }

    good(await smart.order("set_reader_display", cart))
    shown = smart.screen()
    cleared = good(await smart.order("cancel_action"))

    assert any("Tea" in line for line in shown.lines)
    assert cleared["action"] is None
    assert smart.screen().phase is Phase.IDLE


@pytest.mark.parametrize(
    ("card", "type_"),
    [
        ("visa_approved", "terminal.reader.action_succeeded"),
        ("visa_declined", "terminal.reader.action_failed"),
    ],
)
async def test_the_end_is_told_as_that_of_any_reader(
    smart: SmartStack, card: str, type_: str
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer(card)
    await smart.waited("process_payment_intent", {"payment_intent": intent})

    (reader,) = await told(smart, type_)

    assert reader["id"] == smart.reader
    assert reader["device_type"] == "simulated_wisepos_e"
    assert reader["action"]["process_payment_intent"]["payment_intent"] == intent
