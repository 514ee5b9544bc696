"""Collect, look, confirm: the card waits for the order to charge it, and not for long."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from flow_actions import ask, begin, told
from flow_agent import Stack, good, running_agent, running_stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND, Hardware
from flow_world import running_world

from agent.payments.states import Phase
from agent.settings import PaymentSettings
from simulator.faults import WireFaults
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay, LoseReply

COLLECT, CONFIRM = "collect_payment_method", "confirm_payment_intent"


async def collected(stack: Stack, intent: str, **form: str) -> Any:
    """Collect a card for this intent; the action once the card is there."""
    await begin(stack, COLLECT, {"payment_intent": intent, **form})
    await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)
    return await stack.agent.action(stack.reader)


async def confirmed(stack: Stack, intent: str) -> Any:
    """Confirm the intent; the action at its end."""
    await begin(stack, CONFIRM, {"payment_intent": intent})
    return await stack.agent.ended(stack.reader)


@pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
@pytest.mark.parametrize(
    ("card", "entry", "method"),
    [
        ("visa_approved", "contact", "contact_emv"),
        ("visa_contactless", "contactless", "contactless_emv"),
        ("mastercard_approved", "swipe", "magnetic_stripe_track2"),
    ],
)
async def test_a_card_is_shown_and_then_charged(
    card: str, entry: str, method: str, stack: Stack
) -> None:
    stack.world.customer(card, entry=entry)
    intent = await stack.agent.intent(12_00)

    seen = await collected(stack, intent)
    taken_before = await stack.taken(intent)
    action = await confirmed(stack, intent)

    shown = seen[COLLECT]["payment_method"]
    account = stack.world.simulator.cards.named(card).account
    assert (seen["type"], seen["status"]) == (COLLECT, "in_progress")
    assert shown["card_present"]["brand"] == account.brand
    assert shown["card_present"]["last4"] == account.last4
    assert shown["card_present"]["read_method"] == method
    assert taken_before == []
    assert (action["type"], action["status"]) == (CONFIRM, "succeeded")
    assert action[CONFIRM] == {"payment_intent": intent}
    assert await stack.taken(intent) == [12_00]
    assert await stack.read_method(intent) == method


async def test_the_wait_for_a_card_ends_when_it_is_there(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    path = f"/v1/terminal/readers/{stack.reader}"
    wait = {"prefer": "wait=60"}

    seen = good(
        await stack.agent.rest.post(
            f"{path}/{COLLECT}", {"payment_intent": intent}, wait
        )
    )
    paid = good(
        await stack.agent.rest.post(
            f"{path}/{CONFIRM}", {"payment_intent": intent}, wait
        )
    )

    assert seen["action"][COLLECT]["payment_method"]["type"] == "card_present"
    assert paid["action"]["status"] == "succeeded"


async def test_a_card_that_nobody_wants_is_given_up(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)
    started_s = stack.world.clock.monotonic()

    action = await stack.agent.ended(stack.reader)

    late = await ask(stack, CONFIRM, {"payment_intent": intent})
    assert 30 <= stack.world.clock.monotonic() - started_s <= 33
    assert (action["status"], action["failure_code"]) == (
        "failed",
        "collect_payment_method_timeout",
    )
    assert late.error["code"] == "intent_invalid_state"
    assert await stack.taken(intent) == []
    assert stack.world.reader().screen.state is ReaderState.IDLE


async def test_the_wait_may_be_shorter(tmp_path: Path) -> None:
    short = PaymentSettings(confirm_within_s=2.0)
    async with running_stack(tmp_path, payments=short) as stack:
        stack.world.customer("visa_contactless", entry="contactless")
        await collected(stack, await stack.agent.intent())
        started_s = stack.world.clock.monotonic()

        action = await stack.agent.ended(stack.reader)

        assert action["failure_code"] == "collect_payment_method_timeout"
        assert stack.world.clock.monotonic() - started_s <= 4


async def test_a_collected_card_may_be_given_back(stack: Stack) -> None:
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent()
    await collected(stack, intent)

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert await stack.taken(intent) == []
    stack.world.customer("visa_approved")
    assert (await stack.agent.pay(stack.reader, intent))["status"] == "succeeded"


async def test_another_command_takes_the_place_of_a_collected_card(
    stack: Stack,
) -> None:
    stack.world.customer("visa_contactless", entry="contactless")
    first, second = await stack.agent.intent(), await stack.agent.intent()
    await collected(stack, first)

    action = await stack.agent.pay(stack.reader, second)

    assert action["process_payment_intent"]["payment_intent"] == second
    assert await stack.taken(first) == []
    assert await stack.taken(second) == [12_00]


async def test_a_card_is_charged_for_its_own_intent_only(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent, other = await stack.agent.intent(), await stack.agent.intent()
    await collected(stack, intent)

    refused = await ask(stack, CONFIRM, {"payment_intent": other})
    action = await confirmed(stack, intent)

    assert refused.error["code"] == "intent_invalid_state"
    assert action["status"] == "succeeded"
    assert await stack.taken(other) == []


@pytest.mark.parametrize(
    ("change", "sent"), [("", {"amount": "1300"}), ("/cancel", {})]
)
async def test_an_intent_that_has_changed_is_not_charged(
    change: str, sent: dict[str, str], stack: Stack
) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(12_00)
    await collected(stack, intent)
    await stack.world.stripe("POST", f"/v1/payment_intents/{intent}{change}", sent)

    refused = await ask(stack, CONFIRM, {"payment_intent": intent})

    assert refused.error["code"] == "intent_invalid_state"
    assert stack.payment().phase is Phase.CARD_COLLECTED
    good(await stack.agent.cancel(stack.reader))
    assert await stack.taken(intent) == []


async def test_an_amount_that_changes_at_the_last_moment_is_not_charged(
    stack: Stack,
) -> None:
    stack.world.customer("mastercard_approved", entry="swipe")
    intent = await stack.agent.intent(12_00)
    await collected(stack, intent)
    stack.world.stripe_fault(Delay(seconds=2.0))
    await begin(stack, CONFIRM, {"payment_intent": intent})
    await stack.world.stripe(
        "POST", f"/v1/payment_intents/{intent}", {"amount": "1300"}
    )

    action = await stack.agent.ended(stack.reader)

    assert (action["status"], action["failure_code"]) == (
        "failed",
        "stripe_refused",
    )
    assert "amount_to_confirm" in action["failure_message"]
    assert await stack.taken(intent) == []


async def test_nothing_is_confirmed_where_nothing_was_collected(stack: Stack) -> None:
    intent = await stack.agent.intent()
    idle = await ask(stack, CONFIRM, {"payment_intent": intent})
    stack.world.nobody()
    await begin(stack, COLLECT, {"payment_intent": intent})
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    waiting = await ask(stack, CONFIRM, {"payment_intent": intent})

    assert idle.error["code"] == waiting.error["code"] == "intent_invalid_state"
    assert good(await stack.agent.cancel(stack.reader))["action"] is None


async def test_a_confirm_that_is_repeated_charges_once(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)
    form = {"payment_intent": intent}
    stack.world.stripe_fault(Delay(seconds=3.0))

    first = await ask(stack, CONFIRM, form, key="once")
    again = await ask(stack, CONFIRM, form, key="once")
    other = await ask(stack, CONFIRM, form, key="twice")
    action = await stack.agent.ended(stack.reader)

    assert first.json() == again.json()
    assert other.error["code"] == "terminal_reader_busy"
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_a_declined_card_may_be_followed_by_another(stack: Stack) -> None:
    intent = await stack.agent.intent()
    stack.world.customer("visa_declined")
    await collected(stack, intent)
    declined = await confirmed(stack, intent)
    stack.world.customer("visa_approved")
    await collected(stack, intent)

    action = await confirmed(stack, intent)

    assert declined["api_error"]["type"] == "card_error"
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_a_lost_answer_to_the_confirm_charges_once(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)
    stack.world.stripe_fault(LoseReply(), times=2)

    action = await confirmed(stack, intent)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]
    assert len(stack.world.confirm_keys(intent)) == 1


async def test_a_chip_that_refuses_after_all_gets_its_money_back(
    stack: Stack,
) -> None:
    stack.world.customer("visa_refuses_after_approval")
    intent = await stack.agent.intent()
    await collected(stack, intent)

    action = await confirmed(stack, intent)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


async def test_a_chip_that_is_pulled_while_it_waits_is_not_charged(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)

    stack.world.reader().remove_card()
    action = await stack.agent.ended(stack.reader)

    late = await ask(stack, CONFIRM, {"payment_intent": intent})
    assert (action["status"], action["failure_code"]) == ("failed", "card_removed")
    assert late.error["code"] == "intent_invalid_state"
    assert await stack.taken(intent) == []


@pytest.mark.parametrize("hardware", [Hardware("idtech_vp3300")], ids=str)
async def test_a_chip_that_a_reader_does_not_miss_gets_its_money_back(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)
    stack.world.reader().remove_card()

    action = await confirmed(stack, intent)

    assert action["failure_code"] == "declined_by_reader"
    assert await stack.taken(intent) == []


async def test_a_reader_that_is_unplugged_while_it_waits_charges_nobody(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)

    stack.world.reader().unplug()
    action = await stack.agent.ended(stack.reader)

    assert (action["status"], action["failure_code"]) == (
        "failed",
        "reader_disconnected",
    )
    assert await stack.taken(intent) == []


async def test_quick_chip_lets_the_card_go_and_charges_it_later(tmp_path: Path) -> None:
    quick = PaymentSettings(chip_flow="quick_chip")
    async with running_stack(tmp_path, payments=quick) as stack:
        stack.world.customer("visa_approved")
        intent = await stack.agent.intent(12_00)
        await collected(stack, intent)
        await stack.world.passed(10.0)

        action = await confirmed(stack, intent)

        assert action["status"] == "succeeded"
        assert await stack.taken(intent) == [12_00]


async def test_an_agent_that_dies_with_a_collected_card_charges_nobody(
    tmp_path: Path,
) -> None:
    async with running_world() as world:
        async with running_agent(world, tmp_path) as agent:
            stack = Stack(world, agent, await agent.register())
            world.customer("visa_contactless", entry="contactless")
            intent = await agent.intent()
            await collected(stack, intent)
        async with running_agent(world, tmp_path) as agent:
            stack = Stack(world, agent, stack.reader)

            action = await agent.ended(stack.reader)

            status = await told(stack)
            late = await ask(stack, CONFIRM, {"payment_intent": intent})
            assert action["failure_code"] == "payment_interrupted"
            assert (status["charged"], status["next_step"]) == ("no", "may_try_again")
            assert late.error["code"] == "intent_invalid_state"
            assert await stack.taken(intent) == []


async def test_order_and_cancellation_race_and_one_of_them_wins(stack: Stack) -> None:
    outcomes = {await race(stack, turns=turns) for turns in range(30)}

    assert outcomes == {(200, None, ()), (400, "succeeded", (12_00,))}


async def race(stack: Stack, *, turns: int) -> tuple[int, str | None, tuple[int, ...]]:
    """Cancel so many turns of the loop after the order, and see what was."""
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent(12_00)
    await collected(stack, intent)
    stack.world.stripe_fault(Delay(seconds=2.0))
    ordering = asyncio.create_task(ask(stack, CONFIRM, {"payment_intent": intent}))
    for _ in range(turns * 3):
        await asyncio.sleep(0)
    canceled = await stack.agent.cancel(stack.reader)
    await ordering
    action = await stack.agent.ended(stack.reader)
    stack.world.mend_stripe()
    taken = await stack.taken(intent)
    return canceled.status, action and action["status"], tuple(taken)


async def test_a_silent_reader_is_given_up_with_its_card(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await collected(stack, intent)
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert await stack.taken(intent) == []
