"""`process_setup_intent`: a card is kept once, or not at all, and nobody is charged."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_actions import (
    ask,
    begin,
    cards_of,
    done,
    new_customer,
    new_setup,
    setup_of,
    told,
)
from flow_agent import Stack, good, running_stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND, Hardware

from agent.payments.states import Phase
from agent.settings import PaymentSettings
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay, LoseReply

SETUP = "process_setup_intent"
SETUP_CONFIRM = "/v1/setup_intents/*/confirm"


def form(setup: str, **params: str) -> dict[str, str]:
    return {"setup_intent": setup, "allow_redisplay": "limited", **params}


@pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
@pytest.mark.parametrize("entry", ["contact", "swipe"])
async def test_a_card_is_kept_to_be_charged_later(entry: str, stack: Stack) -> None:
    stack.world.customer("visa_approved", entry=entry)
    customer = await new_customer(stack)
    setup = await new_setup(stack, customer=customer)

    action = await done(stack, SETUP, form(setup))

    kept = action[SETUP]["generated_card"]
    card = await stack.world.stripe("GET", f"/v1/payment_methods/{kept}")
    assert (action["status"], action[SETUP]["setup_intent"]) == ("succeeded", setup)
    assert (await setup_of(stack, setup))["status"] == "succeeded"
    assert await cards_of(stack, customer) == [kept]
    assert (card["allow_redisplay"], card["card"]["last4"]) == ("limited", "4242")
    assert (await stack.world.stripe("GET", "/v1/charges"))["data"] == []


async def test_a_refused_card_is_not_kept_and_another_may_be(stack: Stack) -> None:
    stack.world.customer("visa_declined")
    setup = await new_setup(stack)
    refused = await done(stack, SETUP, form(setup))
    stack.world.customer("visa_approved")

    action = await done(stack, SETUP, form(setup))

    assert refused["failure_code"] == "setup_intent_authentication_failure"
    assert refused["api_error"]["type"] == "card_error"
    assert action["status"] == "succeeded"


@pytest.mark.parametrize(
    ("card", "entry", "code"),
    [
        ("visa_contactless", "contactless", "setup_intent_mobile_wallet_unsupported"),
        ("eftpos_au_debit", "contact", "setup_intent_invalid_parameter"),
    ],
)
async def test_what_cannot_be_charged_later_is_not_kept(
    card: str, entry: str, code: str, stack: Stack
) -> None:
    stack.world.customer(card, entry=entry)
    setup = await new_setup(stack)

    action = await done(stack, SETUP, form(setup))

    assert (action["status"], action["failure_code"]) == ("failed", code)
    assert (await setup_of(stack, setup))["status"] == "requires_payment_method"


async def test_a_card_that_refuses_after_all_is_let_go(stack: Stack) -> None:
    stack.world.customer("visa_refuses_after_approval")
    customer = await new_customer(stack)
    setup = await new_setup(stack, customer=customer)

    action = await done(stack, SETUP, form(setup))

    assert action["failure_code"] == "declined_by_reader"
    assert await cards_of(stack, customer) == []


async def test_a_card_without_a_customer_needs_no_letting_go(stack: Stack) -> None:
    stack.world.customer("visa_refuses_after_approval")

    action = await done(stack, SETUP, form(await new_setup(stack)))

    assert action["failure_code"] == "declined_by_reader"


async def test_a_lost_answer_keeps_the_card_once(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(LoseReply(), path=SETUP_CONFIRM)
    customer = await new_customer(stack)
    setup = await new_setup(stack, customer=customer)

    action = await done(stack, SETUP, form(setup))

    asked, keys = stack.world.asked(f"/{setup}/confirm")
    assert action["status"] == "succeeded"
    assert (asked, len(keys)) == (2, 1)
    assert len(await cards_of(stack, customer)) == 1


async def test_an_unknown_outcome_says_what_is_unknown(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(LoseReply(), path=SETUP_CONFIRM, times=None)
    await begin(stack, SETUP, form(await new_setup(stack)))
    await stack.agent.until(stack.reader, Phase.UNKNOWN)

    action, status = await stack.agent.action(stack.reader), await told(stack)

    stack.world.mend_stripe()
    await stack.agent.ended(stack.reader)
    assert action["failure_code"] == "payment_outcome_unknown"
    assert "kept the card" in action["failure_message"]
    assert (status["charged"], status["next_step"]) == ("no", "wait")


@pytest.mark.parametrize("hardware", [Hardware("idtech_kiosk_v")], ids=str)
async def test_a_reader_of_taps_alone_keeps_no_card(stack: Stack) -> None:
    setup = await new_setup(stack)

    action = await done(stack, SETUP, form(setup))

    assert (action["status"], action["failure_code"]) == (
        "failed",
        "reader_feature_unsupported",
    )


async def test_quick_chip_is_for_amounts_only(tmp_path: Path) -> None:
    quick = PaymentSettings(chip_flow="quick_chip")
    async with running_stack(tmp_path, payments=quick) as stack:
        stack.world.customer("visa_approved")

        action = await done(stack, SETUP, form(await new_setup(stack)))

        assert action["status"] == "succeeded"
        assert (await told(stack))["known"] == "The card is kept."


async def test_a_setup_that_waits_for_its_card_is_canceled(stack: Stack) -> None:
    setup = await new_setup(stack)
    await begin(stack, SETUP, form(setup))
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert (await setup_of(stack, setup))["status"] == "requires_payment_method"


async def test_a_setup_gives_way_to_a_payment_until_its_card_has_come(
    stack: Stack,
) -> None:
    await begin(stack, SETUP, form(await new_setup(stack)))
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    stack.world.customer("visa_approved", after_s=1.0)
    paid = await stack.agent.pay(stack.reader, await stack.agent.intent())
    stack.world.stripe_fault(Delay(seconds=5.0), path=SETUP_CONFIRM)
    await begin(stack, SETUP, form(await new_setup(stack)))
    await stack.agent.until(stack.reader, Phase.CONFIRMING)

    refused = await stack.agent.process(stack.reader, await stack.agent.intent())

    assert paid["status"] == "succeeded"
    assert refused.error["code"] == "terminal_reader_busy"
    assert (await stack.agent.ended(stack.reader))["status"] == "succeeded"


@pytest.mark.parametrize("missing", ["setup_intent", "allow_redisplay"])
async def test_what_stripe_requires_is_required(missing: str, stack: Stack) -> None:
    sent = form(await new_setup(stack))
    del sent[missing]

    answer = await ask(stack, SETUP, sent)

    assert (answer.error["code"], answer.error["param"]) == (
        "parameter_missing",
        missing,
    )


async def test_a_setup_that_is_done_or_takes_no_cards_is_refused(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    setup = await new_setup(stack)
    await done(stack, SETUP, form(setup))
    online = good(await stack.agent.rest.post("/v1/setup_intents", {}))["id"]

    again = await ask(stack, SETUP, form(setup))
    no_card = await ask(stack, SETUP, form(online))

    assert again.error["code"] == "intent_invalid_state"
    assert (no_card.error["code"], no_card.error["param"]) == (
        "parameter_invalid",
        "setup_intent",
    )


async def test_a_repeated_request_begins_one_setup(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    setup = await new_setup(stack)

    first = await ask(stack, SETUP, form(setup), key="once")
    second = await ask(stack, SETUP, form(setup), key="once")
    await stack.agent.ended(stack.reader)

    assert first.json() == second.json()
    assert len(stack.world.confirm_keys(setup)) == 1
