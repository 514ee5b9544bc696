"""Tips asked for at locally driven readers, and what becomes of them at Stripe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from flow_actions import begin, done
from flow_agent import Stack, good, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_tips import (
    CUSTOM,
    NO_TIP,
    TIPPING,
    TipScreens,
    intent_at_stripe,
    process,
    set_tips,
    tipping_stack,
)
from flow_world import World, running_world
from offline_shop import charges, open_shop, shop_world

from agent.events import CustomerBusy
from agent.ids import ReaderId
from agent.journal.entries import CardCollected
from agent.payments.states import Phase
from simulator.reader.actions import PressKey
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import LoseReply, ResetConnection

PERCENTAGES = "10,15,20"
each_tipping_reader = pytest.mark.parametrize("hardware", TIPPING, ids=str)


@each_tipping_reader
async def test_a_tip_in_percent_is_charged_with_the_amount(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("20%")
        intent = await stack.agent.intent(12_00)

        with stack.agent.events.listen() as events:
            action = await process(stack, intent)
            told = [events.get_nowait() for _ in range(events.qsize())]

        shown = await intent_at_stripe(stack, intent)
        collected = collected_card(stack)
        assert action["status"] == "succeeded"
        assert (shown["amount"], shown["amount_received"]) == (14_40, 14_40)
        assert shown["amount_details"]["tip"] == {"amount": 2_40}
        assert await stack.taken(intent) == [14_40]
        assert collected.tip == 2_40
        assert (
            CustomerBusy(
                ReaderId(stack.reader), stack.payment().payment_id, step="selecting_tip"
            )
            in told
        )


@each_tipping_reader
async def test_a_register_is_told_amount_and_tip(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("10%")
        intent = await stack.agent.intent(12_00)

        await process(stack, intent)

        path = f"/agent/payments?payment_intent={intent}"
        (payment,) = good(await stack.agent.rest.get(path))["payments"]
        receipt = good(
            await stack.agent.rest.get(f"/agent/payments/{payment['id']}/receipt")
        )
    assert (payment["amount"], payment["amount_tip"]) == (13_20, 1_20)
    assert receipt["amount_tip"] == 1_20


@each_tipping_reader
async def test_no_tip_chosen_is_a_tip_of_zero(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose(*NO_TIP)
        intent = await stack.agent.intent(12_00)

        await process(stack, intent)

        shown = await intent_at_stripe(stack, intent)
        assert shown["amount"] == 12_00
        assert shown["amount_details"]["tip"] == {"amount": 0}


@each_tipping_reader
async def test_the_cardholder_may_type_a_tip(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose(*CUSTOM, then_type="333")
        intent = await stack.agent.intent(12_00)

        await process(stack, intent)

        shown = await intent_at_stripe(stack, intent)
        assert shown["amount"] == 15_33
        assert shown["amount_details"]["tip"] == {"amount": 3_33}


@pytest.mark.parametrize(
    ("amount", "offers"), [(9_99, "1.00"), (10_00, "10%"), (50_00, "10%")]
)
@each_tipping_reader
async def test_small_amounts_are_tipped_in_amounts_and_large_ones_in_percent(
    amount: int, offers: str, hardware: Hardware, tmp_path: Path
) -> None:
    async with tipping_stack(
        tmp_path,
        hardware=hardware,
        percentages="10,15,20",
        fixed_amounts="100,200,300",
        smart_tip_threshold="1000",
    ) as (stack, screens):
        stack.world.customer("visa_approved")
        screens.choose(*NO_TIP)

        await process(stack, await stack.agent.intent(amount))

    assert offers in " ".join(screens.offered[0])
    assert ("%" in " ".join(screens.offered[0])) is ("%" in offers)


@each_tipping_reader
async def test_percentages_are_of_what_is_eligible(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose(*NO_TIP)
        intent = await stack.agent.intent(12_00)

        await process(stack, intent, tipping__amount_eligible="500")

    offered = " ".join(screens.offered[0])
    assert all(amount in offered for amount in ("0.50", "0.75", "1.00"))
    assert "%" not in offered


@pytest.mark.parametrize(
    "config", [{"skip_tipping": "true"}, {"tipping__amount_eligible": "0"}], ids=str
)
@each_tipping_reader
async def test_nobody_is_asked_where_the_register_wants_no_tip(
    config: dict[str, str], hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        intent = await stack.agent.intent(12_00)

        action = await process(stack, intent, **config)

        shown = await intent_at_stripe(stack, intent)
    assert action["status"] == "succeeded"
    assert screens.offered == []
    assert shown["amount_details"]["tip"] == {"amount": None}


async def test_a_reader_without_a_tip_screen_asks_for_none(tmp_path: Path) -> None:
    async with shop(tmp_path, DYNAPROX) as (stack, _):
        intent = await stack.agent.intent(12_00)

        action = await process(stack, intent)

        shown = await intent_at_stripe(stack, intent)
    assert action["status"] == "succeeded"
    assert shown["amount"] == 12_00
    assert shown["amount_details"]["tip"] == {"amount": None}


@each_tipping_reader
async def test_currencies_without_tips_are_not_tipped(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        form = {
            "amount": "1200",
            "currency": "eur",
            "allowed_payment_method_types[]": "card_present",
        }
        intent = good(await stack.agent.rest.post("/v1/payment_intents", form))["id"]

        await process(stack, intent)

    assert screens.offered == []


@each_tipping_reader
async def test_after_a_decline_the_tip_is_asked_for_anew(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("10%")
        stack.world.customer("visa_insufficient_funds")
        intent = await stack.agent.intent(12_00)
        await process(stack, intent)
        declined = await intent_at_stripe(stack, intent)
        stack.world.customer("visa_approved")
        screens.choose("20%")

        await process(stack, intent)

        assert declined["amount"] == 12_00
        assert await stack.taken(intent) == [14_40]


@each_tipping_reader
async def test_a_customer_who_cancels_at_the_tip_pays_nothing(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, _):
        stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, PressKey("cancel"))
        intent = await stack.agent.intent(12_00)

        action = await process(stack, intent, enable_customer_cancellation="true")

        assert action["failure_code"] == "customer_canceled"
        assert await stack.taken(intent) == []


@each_tipping_reader
async def test_a_lost_answer_is_asked_for_with_the_same_tip(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("15%")
        stack.world.stripe_fault(LoseReply(), times=2)
        intent = await stack.agent.intent(12_00)

        await process(stack, intent)

        assert await stack.taken(intent) == [13_80]
        assert_same_confirms(stack.world, intent)


@pytest.mark.parametrize("fault", [LoseReply(), ResetConnection()], ids=repr)
@each_tipping_reader
async def test_a_crash_while_stripe_is_asked_charges_amount_and_tip_once(
    fault: LoseReply | ResetConnection, hardware: Hardware, tmp_path: Path
) -> None:
    async with running_world({"counter": hardware}) as world:
        await set_tips(world, percentages=PERCENTAGES)
        world.customer("visa_approved")
        TipScreens(world).choose("15%")
        async with running_agent(world, tmp_path) as agent:
            stack = Stack(world, agent, await agent.register(hardware.code("counter")))
            intent = await agent.intent(12_00)
            world.stripe_fault(fault, times=None)
            await agent.begin(stack.reader, intent)
            await agent.until(stack.reader, Phase.UNKNOWN)
        world.mend_stripe()

        async with running_agent(world, tmp_path) as agent:
            action = await agent.ended(stack.reader)

        shown = await intent_at_stripe(stack, intent)
        assert action["status"] == "succeeded"
        assert await stack.taken(intent) == [13_80]
        assert shown["amount_details"]["tip"] == {"amount": 1_80}
        assert_same_confirms(world, intent)


@each_tipping_reader
async def test_a_tip_is_chosen_before_the_card_is_looked_at(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("20%")
        intent = await stack.agent.intent(12_00)
        form = {"payment_intent": intent}
        await begin(stack, "collect_payment_method", form)
        await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)

        action = await done(stack, "confirm_payment_intent", form)

        assert action["status"] == "succeeded"
        assert await stack.taken(intent) == [14_40]


@each_tipping_reader
async def test_a_card_that_is_looked_at_first_is_charged_with_its_tip(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("20%")
        intent = await stack.agent.intent(12_00)
        form = {"payment_intent": intent}
        await begin(stack, "collect_payment_method", form)
        await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)

        await begin(stack, "confirm_payment_intent", form)
        action = await stack.agent.ended(stack.reader)

        shown = await intent_at_stripe(stack, intent)
        assert action["status"] == "succeeded"
        assert await stack.taken(intent) == [14_40]
        assert shown["amount_details"]["tip"] == {"amount": 2_40}


@each_tipping_reader
async def test_what_the_card_refuses_goes_back_with_its_tip(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("20%")
        stack.world.customer("visa_refuses_after_approval")
        intent = await stack.agent.intent(12_00)

        action = await process(stack, intent)

        (charge,) = await charges(stack.world)
        assert action["failure_code"] == "declined_by_reader"
        assert (charge["amount"], charge["amount_refunded"]) == (14_40, 14_40)


@each_tipping_reader
async def test_amount_and_tip_are_held_until_both_are_captured(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop(tmp_path, hardware) as (stack, screens):
        screens.choose("20%")
        intent = await stack.agent.intent(12_00, capture="manual")

        await process(stack, intent)

        held = await intent_at_stripe(stack, intent)
        path = f"/v1/payment_intents/{intent}/capture"
        captured = good(await stack.agent.rest.post(path))
        assert (held["status"], held["amount_capturable"]) == (
            "requires_capture",
            14_40,
        )
        assert (captured["status"], captured["amount_received"]) == ("succeeded", 14_40)


@each_tipping_reader
async def test_a_tip_chosen_without_network_is_charged_with_it_later(
    hardware: Hardware, tmp_path: Path
) -> None:
    async with shop_world(hardware) as world:
        await set_tips(world, percentages=PERCENTAGES)
        TipScreens(world).choose("20%")
        world.customer("visa_approved")
        async with open_shop(world, tmp_path, hardware=hardware) as till:
            await world.network.cut()
            intent = await till.pay_offline(12_00)
            stored = await till.payment(intent)
            await world.network.mend()
            await till.until(forwarded=1)

            (charge,) = await charges(world)
            paid = await world.stripe(
                "GET", f"/v1/payment_intents/{charge['payment_intent']}"
            )
    assert (stored["amount"], stored["amount_tip"]) == (14_40, 2_40)
    assert (charge["amount"], paid["amount_details"]["tip"]["amount"]) == (14_40, 2_40)


@asynccontextmanager
async def shop(
    folder: Path, hardware: Hardware
) -> AsyncIterator[tuple[Stack, TipScreens]]:
    """Where 10, 15 and 20 percent are offered, and good cards come."""
    async with tipping_stack(
        folder, hardware=hardware, percentages=PERCENTAGES
    ) as running:
        running[0].world.customer("visa_approved")
        yield running


def collected_card(stack: Stack) -> CardCollected:
    """What the journal has of the card that was read."""
    entries = [one.entry for one in stack.agent.journal.read(limit=1000)]
    (collected,) = [e for e in entries if isinstance(e, CardCollected)]
    return collected


def assert_same_confirms(world: World, intent: str) -> None:
    """Stripe was asked more than once, and each time for the very same."""
    path = f"/v1/payment_intents/{intent}/confirm"
    log = world.simulator.stripe_api.requests
    bodies = [e.parameters for e in log.find(lambda one: one.path == path)]
    read = [body for body in bodies if body]
    assert len(bodies) > 1
    assert read
    assert all(body == read[0] for body in read)
    card = read[0]["payment_method_data"]
    assert isinstance(card, dict)
    assert card["card_present"]["amount_tip"] == "180"
