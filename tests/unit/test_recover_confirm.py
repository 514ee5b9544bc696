"""What each answer of Stripe's proves about a confirm, first attempt or repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from journal_entries import requested
from stripe_wire import HangUp, Reply, StripeWire, error

from agent.journal.entries import AnswerLost, Confirmed, Declined, NotCharged
from agent.payments.confirm import confirm_once
from agent.payments.payment import Payment, begin
from agent.payments.states import Phase
from agent.stripe_api.cards import ConfirmCard
from agent.stripe_api.client import StripeClient

CARD = ConfirmCard("contact_emv", bytes(16), ksn=bytes(10), reader="tmr_1")
CONFIRMING = replace(begin(requested()), phase=Phase.CONFIRMING, confirm_key="key")
UNKNOWN = replace(CONFIRMING, phase=Phase.UNKNOWN)

DECLINED = Reply(error("card_declined", type="card_error"), status=402)
REFUSED = Reply(error("payment_intent_unexpected_state"), status=400)
LOCKED = Reply(error("lock_timeout"), status=409)
TOO_MANY = Reply(error("rate_limit"), status=429)
KEPT_500 = Reply(
    error(type="api_error"), status=500, headers={"Idempotent-Replayed": "true"}
)


def intent(status: str) -> Reply:
    """The PaymentIntent in this status."""
    charge = None if status == "requires_payment_method" else "ch_1"
    return Reply(
        {
            "id": "pi_1",
            "status": status,
            "amount": 1050,
            "currency": "usd",
            "livemode": False,
            "payment_method_types": ["card_present"],
            "latest_charge": charge,
        }
    )


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def stripe(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with wire.client() as client:
        yield client


@pytest.mark.parametrize("payment", [CONFIRMING, UNKNOWN])
async def test_an_approval_and_a_decline_prove_themselves(
    payment: Payment, wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(intent("succeeded"), DECLINED)

    approved = await confirm_once(payment, card=CARD, stripe=stripe)
    declined = await confirm_once(payment, card=CARD, stripe=stripe)

    assert isinstance(approved, Confirmed)
    assert isinstance(declined, Declined)
    keys = {received.headers["idempotency-key"] for received in wire.received}
    assert keys == {"key"}


async def test_a_refusal_of_the_first_attempt_charged_nobody(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(REFUSED)

    entry = await confirm_once(CONFIRMING, card=CARD, stripe=stripe)

    assert isinstance(entry, NotCharged)
    assert entry.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize("answer", [REFUSED, KEPT_500])
async def test_an_answer_that_will_stay_so_is_looked_behind(
    answer: Reply, wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(answer, intent("requires_capture"))

    entry = await confirm_once(UNKNOWN, card=CARD, stripe=stripe)

    assert entry == Confirmed(UNKNOWN.payment_id, "requires_capture", "ch_1", None)
    assert wire.received[-1].method == "GET"


@pytest.mark.parametrize("payment", [CONFIRMING, UNKNOWN])
@pytest.mark.parametrize("act", [LOCKED, HangUp(), Reply(b"<html>", status=502)])
async def test_what_may_have_been_done_is_lost(
    act: Reply | HangUp, payment: Payment, wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(act)

    assert isinstance(await confirm_once(payment, card=CARD, stripe=stripe), AnswerLost)


async def test_what_was_not_sent_is_certain_only_the_first_time(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(TOO_MANY, TOO_MANY)

    first = await confirm_once(CONFIRMING, card=CARD, stripe=stripe)
    repeat = await confirm_once(UNKNOWN, card=CARD, stripe=stripe)

    assert isinstance(first, NotCharged)
    assert isinstance(repeat, AnswerLost)


@pytest.mark.parametrize(
    ("status", "proof"),
    [
        ("succeeded", Confirmed),
        ("requires_capture", Confirmed),
        ("requires_payment_method", NotCharged),
        ("requires_confirmation", NotCharged),
        ("canceled", NotCharged),
        ("processing", AnswerLost),
        ("requires_action", AnswerLost),
    ],
)
async def test_without_the_card_only_the_intent_is_read(
    status: str, proof: type[object], wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(intent(status))

    entry = await confirm_once(UNKNOWN, card=None, stripe=stripe)

    assert isinstance(entry, proof)
    assert [received.method for received in wire.received] == ["GET"]


async def test_a_question_without_answer_leaves_it_open(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(HangUp())

    assert isinstance(await confirm_once(UNKNOWN, card=None, stripe=stripe), AnswerLost)
