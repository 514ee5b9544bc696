"""Payments on Stripe's smart readers, as registers and cardholders live them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from flow_agent import good
from flow_smart_reader import SmartStack, running_smart_stack

from simulator.stripe_api.at_the_reader.deeds import PressCancel, SetAuthorizationTime
from simulator.stripe_api.smart_readers.phases import Phase

PROCESS = "process_payment_intent"


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


async def test_a_payment_is_taken_and_told_once_it_is_durable(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()

    begun = good(await smart.process(intent))
    payment = await smart.ended()

    assert begun["action"]["status"] == "in_progress"
    assert payment.phase == "succeeded"
    assert await smart.world.taken(intent) == [12_00]
    action = await smart.agent.action(smart.reader)
    assert action["status"] == "succeeded"
    assert action[PROCESS]["payment_intent"] == intent


async def test_a_decline_is_told_with_the_issuers_reason(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer("visa_declined")

    action = await smart.waited(PROCESS, {"payment_intent": intent})
    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == ("declined", "card_declined")
    assert (action["status"], action["failure_code"]) == ("failed", "card_declined")
    assert action["api_error"]["type"] == "card_error"
    assert payment.charge is not None
    assert await smart.world.taken(intent) == []


async def test_a_decline_before_does_not_count_for_the_next_attempt(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer("visa_declined")
    await smart.waited(PROCESS, {"payment_intent": intent})
    smart.nobody()

    good(await smart.process(intent))
    good(await smart.order("cancel_action"))
    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == ("canceled", None)


async def test_the_customer_may_cancel_at_the_reader(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    config = {"process_config[enable_customer_cancellation]": "true"}

    good(await smart.order(PROCESS, {"payment_intent": intent, **config}))
    smart.do(PressCancel())
    payment = await smart.ended()

    assert (payment.phase, payment.failure_code) == ("failed", "customer_canceled")


async def test_a_repeated_request_is_answered_the_same(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()

    first = await smart.process(intent, **{"idempotency-key": "till-1"})
    await smart.ended()
    second = await smart.process(intent, **{"idempotency-key": "till-1"})

    assert second.body == first.body
    assert second.headers["idempotent-replayed"] == "true"
    assert smart.world.asked(f"/{PROCESS}")[0] == 1


async def test_what_stripe_refuses_is_told_in_its_words(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()
    await smart.waited(PROCESS, {"payment_intent": intent})

    again = await smart.process(intent, **{"idempotency-key": "till-2"})

    assert again.status == 400
    assert again.json()["error"]["code"] == "intent_invalid_state"
    payment = await smart.ended()
    assert (payment.phase, payment.failure_code) == ("failed", "intent_invalid_state")


async def test_an_unknown_intent_begins_nothing(smart: SmartStack) -> None:
    answer = await smart.process("pi_nobody")

    assert answer.status == 400
    assert answer.json()["error"]["code"] == "resource_missing"
    assert smart.world.asked(f"/{PROCESS}")[0] == 0


async def test_a_busy_reader_says_so_and_may_be_asked_again(smart: SmartStack) -> None:
    first, second = await smart.agent.intent(12_00), await smart.agent.intent(7_00)
    smart.do(SetAuthorizationTime(8.0))
    smart.customer(after_s=0.0)
    good(await smart.process(first))
    await smart.world.passed(2.0)

    refused = await smart.process(second, **{"idempotency-key": "till-3"})
    uncanceled = await smart.order("cancel_action")
    payment = await smart.ended()
    smart.do(SetAuthorizationTime(0.0))
    accepted = await smart.process(second, **{"idempotency-key": "till-3"})

    assert refused.json()["error"]["code"] == "terminal_reader_busy"
    assert uncanceled.json()["error"]["code"] == "terminal_reader_busy"
    assert (payment.phase, payment.payment_intent) == ("succeeded", first)
    assert good(accepted)["action"]["status"] == "in_progress"


async def test_canceling_answers_with_an_idle_reader(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))

    canceled = good(await smart.order("cancel_action"))

    assert canceled["action"] is None
    assert smart.screen().phase is Phase.IDLE
    assert (await smart.ended()).phase == "canceled"
    assert (await smart.agent.action(smart.reader)) is None


async def test_a_payment_that_waits_for_its_card_is_replaced(
    smart: SmartStack,
) -> None:
    first, second = await smart.agent.intent(12_00), await smart.agent.intent(7_00)
    good(await smart.process(first))
    replaced = smart.payment().payment_id
    smart.customer()

    good(await smart.process(second))
    payment = await smart.ended()

    assert (payment.phase, payment.payment_intent) == ("succeeded", second)
    actions = smart.agent.assembled.actions
    assert (await actions.wait_finished(replaced, timeout_s=0)).phase == "canceled"
    assert await smart.world.taken(first) == []
    assert await smart.world.taken(second) == [7_00]


async def test_one_intent_is_taken_at_one_reader(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    local = await smart.agent.register()
    good(await smart.process(intent))

    elsewhere = await smart.agent.process(local, intent)

    assert elsewhere.json()["error"]["code"] == "intent_invalid_state"


async def test_a_register_finds_the_payment_by_its_own_reference(
    smart: SmartStack,
) -> None:
    intent = await smart.agent.intent(12_00)
    path = f"/v1/payment_intents/{intent}"
    good(await smart.agent.rest.post(path, {"metadata[reference]": "sale 7"}))
    good(await smart.process(intent))

    waiting = good(await smart.agent.rest.get("/agent/payments?reference=sale%207"))
    smart.do(smart.card())
    await smart.ended()
    taken = good(await smart.agent.rest.get(f"/agent/payments?payment_intent={intent}"))

    assert waiting["next_step"] == "wait"
    assert waiting["payments"][0]["charged"] == "unknown"
    assert taken["next_step"] == "done"


async def test_a_tip_is_part_of_what_was_paid(smart: SmartStack) -> None:
    tipping = {
        f"tipping[usd][percentages][{place}]": str(percentage)
        for place, percentage in enumerate((10, 15, 20))
    }
    stripe = smart.world.stripe
    made = await stripe("POST", "/v1/terminal/configurations", tipping)
    location = (await smart.agent.shown(smart.reader))["location"]
    overrides = {"configuration_overrides": made["id"]}
    await stripe("POST", f"/v1/terminal/locations/{location}", overrides)
    intent = await smart.agent.intent(12_00)
    good(await smart.process(intent))

    helper = f"/v1/test_helpers/terminal/readers/{smart.reader}/present_payment_method"
    good(await smart.agent.rest.post(helper, {"amount_tip": "180"}))
    payment = await smart.ended()

    path = f"/agent/payments/{payment.payment_id}"
    assert good(await smart.agent.rest.get(path))["amount_tip"] == 180
    assert await smart.world.taken(intent) == [13_80]


async def test_there_is_a_receipt(smart: SmartStack) -> None:
    intent = await smart.agent.intent(12_00)
    smart.customer()
    await smart.waited(PROCESS, {"payment_intent": intent})

    payment_id = (await smart.ended()).payment_id
    receipt = await smart.agent.rest.get(f"/agent/payments/{payment_id}/receipt")

    assert receipt.status == 200
    assert receipt.json()["outcome"] == "approved"


@pytest.mark.parametrize("expand", [f"action.{PROCESS}.payment_intent", "location"])
async def test_an_answer_is_expanded(smart: SmartStack, expand: str) -> None:
    intent = await smart.agent.intent(12_00)

    form = {"payment_intent": intent, "expand[]": expand}
    begun = good(await smart.order(PROCESS, form))
    shown = good(
        await smart.agent.rest.get(
            f"/v1/terminal/readers/{smart.reader}?expand[]={expand}"
        )
    )

    for reader in (begun, shown):
        node = reader
        for name in expand.split("."):
            node = node[name]
        assert node["object"] in {"payment_intent", "terminal.location"}
