"""Payments without network: stored, forwarded once, and told truthfully all the while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from flow_agent import good
from flow_cables import DYNAPROX, Hardware
from flow_world import World
from offline_shop import INTENTS, Shop, charges, open_shop, shop_world

from drivers.wires import WireKind
from simulator.stripe_api.engine.faults import AnswerStatus, LoseReply


@pytest.fixture
async def world(hardware: Hardware) -> AsyncIterator[World]:
    async with shop_world(hardware) as running:
        yield running


@pytest.fixture
async def shop(world: World, hardware: Hardware, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(world, tmp_path, hardware=hardware) as running:
        world.customer("visa_approved")
        yield running


@pytest.mark.parametrize(
    "hardware",
    [DYNAPROX, Hardware("idtech_vp3300", WireKind.STREAM)],
    ids=str,
)
@pytest.mark.parametrize("entry", ["contact", "contactless"])
async def test_a_payment_without_network_is_stored_and_charged_once_later(
    shop: Shop, entry: str
) -> None:
    shop.world.customer("visa_approved", entry=entry)
    await shop.world.network.cut()

    intent = await shop.pay_offline(12_00)
    stored = await shop.payment(intent)
    waiting = await shop.shown(intent)
    await shop.world.network.mend()
    await shop.until(forwarded=1)

    told = await shop.payment(intent)
    (charge,) = await charges(shop.world)
    assert intent.startswith("pi_offline_")
    assert (stored["charged"], stored["next_step"]) == ("later", "done")
    assert stored["offline"]["status"] in {"queued", "forwarding"}
    assert waiting["status"] == "processing"
    assert (told["charged"], told["charge"]) == ("yes", charge["id"])
    assert (charge["amount"], charge["paid"]) == (12_00, True)
    details = charge["payment_method_details"]["card_present"]
    assert details["offline"]["type"] == "deferred"


async def test_the_local_id_goes_on_answering_and_names_stripes(shop: Shop) -> None:
    await shop.world.network.cut()
    intent = await shop.pay_offline(more={"capture_method": "manual"})
    await shop.world.network.mend()
    await shop.until(forwarded=1)

    shown = await shop.shown(intent)
    captured = good(await shop.agent.rest.post(f"{INTENTS}/{intent}/capture"))

    at_stripe = shown["offline"]["payment_intent"]
    assert (shown["id"], shown["status"]) == (intent, "requires_capture")
    assert captured["id"] == at_stripe
    assert await shop.world.taken(at_stripe) == [12_00]


async def test_what_a_register_said_of_the_payment_reaches_stripe(shop: Shop) -> None:
    await shop.world.network.cut()
    intent = await shop.pay_offline(
        more={"metadata[reference]": "sale 7", "description": "Two coffees"}
    )
    await shop.world.network.mend()
    await shop.until(forwarded=1)

    at_stripe = (await shop.shown(intent))["offline"]["payment_intent"]
    made = await shop.world.stripe("GET", f"{INTENTS}/{at_stripe}")
    found = await shop.agent.rest.get("/agent/payments?reference=sale+7")

    assert made["description"] == "Two coffees"
    assert made["metadata"]["reference"] == "sale 7"
    assert [one["payment_intent"] for one in good(found)["payments"]] == [intent]


async def test_a_decline_on_forwarding_is_told_and_stays_told(shop: Shop) -> None:
    shop.world.customer("visa_declined")
    await shop.world.network.cut()
    intent = await shop.pay_offline()
    await shop.world.network.mend()
    await shop.until(declined=1)

    payment, shown = await shop.payment(intent), await shop.shown(intent)
    kept = shop.agent.journal.events.read(after=0, limit=1000)

    assert (payment["charged"], payment["next_step"]) == ("no", "may_try_again")
    assert payment["offline"]["failure_code"] == "card_declined"
    assert shown["status"] == "requires_payment_method"
    assert [e.type for e in kept].count("offline_payment_declined") == 1


async def test_a_network_that_fails_between_intent_and_confirm_costs_no_payment(
    shop: Shop,
) -> None:
    intent = await shop.new_intent()
    shop.world.nobody()
    good(await shop.process(intent))
    await shop.world.shown("PRESENT CARD")
    await shop.world.network.cut()
    shop.world.present("visa_approved")

    action = await shop.agent.ended(shop.reader)
    again = await shop.process(intent)
    await shop.world.network.mend()
    await shop.until(forwarded=1)

    assert action["status"] == "succeeded"
    assert again.error["code"] in {"stripe_unreachable", "intent_invalid_state"}
    assert await shop.world.taken(intent) == [12_00]


async def test_an_intent_that_is_stored_is_not_taken_again(shop: Shop) -> None:
    intent = await shop.new_intent()
    shop.world.stripe_fault(AnswerStatus(503), path=f"{INTENTS}/*/confirm", times=None)
    paid = await shop.pay(intent, "force_offline")

    again = await shop.process(intent)

    assert paid["status"] == "succeeded"
    assert again.error["code"] == "intent_invalid_state"


async def test_an_answer_that_was_lost_is_never_stored(shop: Shop) -> None:
    shop.world.stripe_fault(LoseReply(), times=1)
    intent = await shop.new_intent()

    action = await shop.pay(intent)

    assert action["status"] == "succeeded"
    assert await shop.totals() == {}
    assert await shop.world.taken(intent) == [12_00]


async def test_a_card_that_refuses_afterwards_is_never_forwarded(shop: Shop) -> None:
    shop.world.customer("visa_refuses_after_approval")
    await shop.world.network.cut()
    intent = await shop.new_intent()

    action = await shop.pay(intent)
    await shop.world.network.mend()
    await shop.world.passed(120.0)

    assert (action["status"], action["failure_code"]) == (
        "failed",
        "offline_transaction_declined",
    )
    assert await shop.totals() == {"voided": 1}
    assert await charges(shop.world) == []


async def test_an_agent_that_starts_without_network_takes_payments_at_once(
    world: World, hardware: Hardware, tmp_path: Path
) -> None:
    async with open_shop(world, tmp_path, hardware=hardware) as before:
        reader = before.reader
    await world.network.cut()
    world.customer("visa_approved")

    async with open_shop(world, tmp_path, hardware=hardware, reader=reader) as shop:
        await shop.pay_offline()
        await world.network.mend()
        await shop.until(forwarded=1)

    assert len(await charges(world)) == 1


async def test_a_repeated_request_for_an_intent_makes_one(shop: Shop) -> None:
    await shop.world.network.cut()
    form = {
        "amount": "500",
        "currency": "usd",
        "allowed_payment_method_types[]": "card_present",
    }
    key = {"idempotency-key": "sale-1"}

    first = good(await shop.agent.rest.post(INTENTS, form, key))
    await shop.world.network.mend()
    second = good(await shop.agent.rest.post(INTENTS, form, key))

    assert first["id"] == second["id"]


async def test_an_intent_made_here_can_be_canceled_before_it_is_paid(
    shop: Shop,
) -> None:
    await shop.world.network.cut()
    intent = await shop.new_intent()

    canceled = good(await shop.agent.rest.post(f"{INTENTS}/{intent}/cancel"))
    refused = await shop.process(intent)

    assert canceled["status"] == "canceled"
    assert refused.error["code"] == "intent_invalid_state"


async def test_a_receipt_can_be_printed_once_the_payment_is_forwarded(
    shop: Shop,
) -> None:
    await shop.world.network.cut()
    payment = (await shop.payment(await shop.pay_offline()))["id"]
    path = f"/agent/payments/{payment}/receipt"
    early = await shop.agent.rest.get(path)
    await shop.world.network.mend()
    await shop.until(forwarded=1)

    receipt = good(await shop.agent.rest.get(path))

    assert early.json()["code"] == "receipt_not_ready"
    assert (receipt["outcome"], receipt["amount"]) == ("approved", 12_00)


async def test_whoever_scrapes_sees_what_waits_and_for_how_long(shop: Shop) -> None:
    await shop.world.network.cut()
    await shop.pay_offline()
    await shop.world.passed(60.0)

    told = (await shop.agent.rest.get("/agent/metrics")).body.decode().splitlines()

    assert 'cardlane_offline_payments{status="forwarding"} 1.0' in told
    (waited,) = [
        float(line.split()[1])
        for line in told
        if line.startswith("cardlane_offline_oldest_seconds ")
    ]
    assert waited >= 60


async def test_a_confirm_that_stripe_turns_away_for_haste_is_stored(
    shop: Shop,
) -> None:
    shop.world.stripe_fault(AnswerStatus(429), path=f"{INTENTS}/*/confirm", times=None)
    intent = await shop.new_intent()

    action = await shop.pay(intent)
    shop.world.mend_stripe()
    await shop.until(forwarded=1)

    assert action["status"] == "succeeded"
    assert await shop.world.taken(intent) == [12_00]


async def test_the_local_id_is_enough_to_give_the_money_back(shop: Shop) -> None:
    rest = shop.agent.rest
    await shop.world.network.cut()
    intent = await shop.pay_offline(12_00)
    form = {"payment_intent": intent, "amount": "500", "metadata[sale]": intent}
    too_early = await rest.post("/v1/refunds", form)
    await shop.world.network.mend()
    await shop.until(forwarded=1)

    refund = good(await rest.post("/v1/refunds", form))

    real = (await shop.shown(intent))["offline"]["payment_intent"]
    listed = f"/v1/charges?payment_intent={intent}&expand[]=data.refunds&limit=3"
    (charge,) = good(await rest.get(listed))["data"]
    assert too_early.json()["error"]["code"] == "offline_payment_intent_not_forwarded"
    assert (refund["amount"], refund["payment_intent"]) == (5_00, real)
    assert refund["metadata"] == {"sale": intent}
    assert (charge["payment_intent"], charge["amount_refunded"]) == (real, 5_00)
    assert charge["refunds"]["data"][0]["id"] == refund["id"]
