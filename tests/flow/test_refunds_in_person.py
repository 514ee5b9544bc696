"""`refund_payment`: money goes back to the card that paid it, once, or not at all."""

from __future__ import annotations

import pytest
from flow_actions import ask, begin, done, paid_by_interac, refunds_of, told
from flow_agent import Stack, good
from flow_cables import EACH_FAMILY_ON_EACH_KIND

from agent.payments.states import Phase
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import AnswerStatus, Delay, LoseReply

REFUND = "refund_payment"
REFUNDS = "/v1/refunds"


@pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
async def test_money_goes_back_to_the_card(stack: Stack) -> None:
    intent = await paid_by_interac(stack, 12_00)

    action = await done(stack, REFUND, {"payment_intent": intent})

    (refund,) = await refunds_of(stack, intent)
    assert action["status"] == "succeeded"
    assert action[REFUND] == {
        "amount": 12_00,
        "payment_intent": intent,
        "refund": refund["id"],
    }
    assert (refund["amount"], refund["status"]) == (12_00, "succeeded")


async def test_a_part_is_refunded_by_its_charge(stack: Stack) -> None:
    intent = await paid_by_interac(stack, 12_00)
    charge = (await stack.world.stripe("GET", f"/v1/payment_intents/{intent}"))[
        "latest_charge"
    ]
    form = {
        "charge": charge,
        "amount": "400",
        "metadata[order]": "7",
        "metadata[a]": "b",
        "refund_application_fee": "false",
        "refund_payment_config[enable_customer_cancellation]": "true",
    }

    action = await done(stack, REFUND, form)

    (refund,) = await refunds_of(stack, intent)
    assert action[REFUND] == {
        "amount": 4_00,
        "charge": charge,
        "metadata": {"order": "7", "a": "b"},
        "refund": refund["id"],
        "refund_application_fee": False,
        "refund_payment_config": {"enable_customer_cancellation": True},
    }
    assert refund["amount"] == 4_00
    assert refund["metadata"]["order"] == "7"


async def test_who_waits_for_a_refund_is_shown_its_words_too(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    form = {"payment_intent": intent, "metadata[order]": "7"}
    path = f"/v1/terminal/readers/{stack.reader}/{REFUND}"

    answer = await stack.agent.rest.post(path, form, {"prefer": "wait=60"})

    action = good(answer)["action"]
    assert action["status"] == "succeeded"
    assert action[REFUND]["metadata"] == {"order": "7"}


async def test_a_registers_words_are_in_no_entry_of_the_journal(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    form = {"payment_intent": intent, "metadata[guest]": "Miss Lovelace"}

    action = await done(stack, REFUND, form)

    entries = [str(one.entry) for one in stack.agent.journal.read(limit=100)]
    (refund,) = await refunds_of(stack, intent)
    assert action[REFUND]["metadata"] == {"guest": "Miss Lovelace"}
    assert refund["metadata"]["guest"] == "Miss Lovelace"
    assert not [entry for entry in entries if "Lovelace" in entry]


async def test_another_card_gets_nothing(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    stack.world.customer("visa_approved")

    action = await done(stack, REFUND, {"payment_intent": intent})

    assert (action["status"], action["failure_code"]) == ("failed", "invalid_card_type")
    assert await refunds_of(stack, intent) == []


async def test_the_issuer_may_decline_a_refund(stack: Stack) -> None:
    intent = await paid_by_interac(stack)

    action = await done(stack, REFUND, {"payment_intent": intent, "amount": "505"})

    assert (action["status"], action["failure_code"]) == ("failed", "card_declined")
    assert await refunds_of(stack, intent) == []
    assert (await told(stack))["refunded"] == "no"


@pytest.mark.parametrize("times", [1, 3])
async def test_a_lost_answer_gives_back_once(times: int, stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    stack.world.stripe_fault(LoseReply(), path=REFUNDS, times=times)
    form = {"payment_intent": intent, "metadata[z]": "1", "metadata[a]": "2"}

    action = await done(stack, REFUND, form)

    asked, keys = stack.world.asked(REFUNDS)
    (refund,) = await refunds_of(stack, intent)
    assert action["status"] == "succeeded"
    assert action[REFUND]["refund"] == refund["id"]
    assert (asked, len(keys)) == (times + 1, 1)


async def test_what_never_reached_stripe_is_no_refund(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    stack.world.stripe_fault(AnswerStatus(status=429), path=REFUNDS, times=None)

    action = await done(stack, REFUND, {"payment_intent": intent})

    assert (action["status"], action["failure_code"]) == (
        "failed",
        "stripe_unreachable",
    )
    assert await refunds_of(stack, intent) == []


async def test_an_unknown_refund_holds_up_the_reader(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    stack.world.stripe_fault(LoseReply(), path=REFUNDS, times=None)
    await begin(stack, REFUND, {"payment_intent": intent})
    await stack.agent.until(stack.reader, Phase.UNKNOWN)

    again = await ask(stack, REFUND, {"payment_intent": intent})
    action, status = await stack.agent.action(stack.reader), await told(stack)

    stack.world.mend_stripe()
    ended = await stack.agent.ended(stack.reader)
    assert again.error["code"] == "payment_outcome_unknown"
    assert "given the money back" in action["failure_message"]
    assert (status["refunded"], status["next_step"]) == ("unknown", "wait")
    assert ended["status"] == "succeeded"
    assert len(await refunds_of(stack, intent)) == 1


async def test_a_refund_stands_whatever_becomes_of_the_card(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    stack.world.customer("interac_approved")
    stack.world.stripe_fault(Delay(seconds=5.0), path=REFUNDS)
    await begin(stack, REFUND, {"payment_intent": intent})
    await stack.world.is_in(ReaderState.AUTHORISING)
    stack.world.reader().remove_card()

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert len(await refunds_of(stack, intent)) == 1
    assert (await told(stack))["card_verdict_missing"] is False


async def test_a_refund_and_its_payment_are_told_apart(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    await done(stack, REFUND, {"payment_intent": intent, "amount": "400"})

    found = good(await stack.agent.rest.get(f"/agent/payments?payment_intent={intent}"))

    refund, payment = found["payments"]
    assert (refund["charged"], refund["refunded"]) == ("no", "yes")
    assert (payment["charged"], payment["refunded"]) == ("yes", None)
    assert found["next_step"] == "done"


async def test_a_refund_that_waits_for_its_card_is_canceled(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    stack.world.nobody()
    await begin(stack, REFUND, {"payment_intent": intent})
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    answer = await stack.agent.cancel(stack.reader)

    assert good(answer)["action"] is None
    assert await refunds_of(stack, intent) == []


async def test_other_charges_are_refunded_without_their_card(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    paid = await stack.agent.intent()
    await stack.agent.pay(stack.reader, paid)

    by_reader = await ask(stack, REFUND, {"payment_intent": paid})
    unpaid = await ask(stack, REFUND, {"payment_intent": await stack.agent.intent()})
    refund = good(await stack.agent.rest.post("/v1/refunds", {"payment_intent": paid}))

    assert by_reader.error["code"] == unpaid.error["code"] == "charge_not_refundable"
    assert refund["status"] == "succeeded"


async def test_no_more_is_given_back_than_was_paid(stack: Stack) -> None:
    intent = await paid_by_interac(stack, 12_00)
    too_much = await ask(stack, REFUND, {"payment_intent": intent, "amount": "1201"})
    await done(stack, REFUND, {"payment_intent": intent})

    again = await ask(stack, REFUND, {"payment_intent": intent})

    assert (too_much.error["code"], too_much.error["param"]) == (
        "parameter_invalid",
        "amount",
    )
    assert again.error["code"] == "charge_already_refunded"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "parameter_missing"),
        ({"payment_intent": "pi_1", "charge": "ch_1"}, "parameter_invalid"),
        ({"payment_intent": "pi_1", "amount": "0"}, "parameter_invalid"),
        ({"payment_intent": "pi_1", "reason": "duplicate"}, "parameter_unknown"),
        (
            {"charge": "ch_1", **{f"metadata[{key}]": "x" for key in range(50)}},
            "parameter_invalid",
        ),
        ({"charge": "ch_none"}, "resource_missing"),
    ],
)
async def test_a_refund_that_says_too_little_or_too_much_is_refused(
    form: dict[str, str], code: str, stack: Stack
) -> None:
    answer = await ask(stack, REFUND, form)

    assert answer.error["code"] == code


async def test_a_refund_has_the_receipt_of_what_it_gives_back(stack: Stack) -> None:
    intent = await paid_by_interac(stack)
    await done(stack, REFUND, {"payment_intent": intent})
    refund = stack.payment().payment_id

    receipt = good(await stack.agent.rest.get(f"/agent/payments/{refund}/receipt"))

    assert receipt["payment"] == refund
