"""What Stripe's own objects prove of a card that was kept, and of money given back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest
from journal_entries import requested
from stripe_wire import HangUp, Reply, StripeWire

from agent.ids import SetupIntentId
from agent.journal.entries import AnswerLost, Declined, NotCharged, Performed
from agent.payments.confirm import confirm_once
from agent.payments.payment import begin
from agent.payments.refunding import REFUND
from agent.payments.saving import SAVE
from agent.payments.states import Phase
from agent.stripe_api.cards import ConfirmCard
from agent.stripe_api.client import StripeClient

CARD = ConfirmCard("contact_emv", bytes(16), ksn=bytes(10), reader="tmr_1")
SETUP = replace(
    begin(requested()),
    action="process_setup_intent",
    payment_intent=None,
    setup_intent=SetupIntentId("seti_1"),
    parameters={"allow_redisplay": "always"},
    phase=Phase.UNKNOWN,
    confirm_key="key",
)
REFUNDING = replace(
    begin(requested()),
    action="refund_payment",
    charge="ch_1",
    parameters={},
    phase=Phase.UNKNOWN,
    confirm_key="key",
)
NOT_OURS = {"id": "re_0", "status": "succeeded", "metadata": {"order": "7"}}


def setup(status: str) -> Reply:
    """The SetupIntent in this status."""
    kept = {"id": "pm_1", "card": {"last4": "4242"}}
    details = {"card_present": {"generated_card": kept}}
    attempt = {"payment_method_details": details} if status == "succeeded" else None
    return Reply(
        {
            "id": "seti_1",
            "status": status,
            "payment_method_types": ["card_present"],
            "latest_attempt": attempt,
            "metadata": {},
        }
    )


def refunds(*found: Mapping[str, object], has_more: bool = False) -> Reply:
    """The charge's refunds."""
    return Reply({"object": "list", "data": [*found], "has_more": has_more})


def refund(status: str) -> dict[str, object]:
    """The refund that this payment has made."""
    return {"id": "re_1", "status": status, "metadata": {"cardlane_payment": "pay_1"}}


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def stripe(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with wire.client() as client:
        yield client


@pytest.mark.parametrize(
    ("status", "proof"),
    [
        ("succeeded", Performed),
        ("requires_payment_method", NotCharged),
        ("requires_confirmation", NotCharged),
        ("canceled", NotCharged),
        ("processing", AnswerLost),
    ],
)
async def test_a_setup_intent_says_whether_the_card_is_kept(
    status: str, proof: type[object], wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(setup(status))

    entry = await confirm_once(SETUP, card=None, stripe=stripe)

    assert isinstance(entry, proof)
    if isinstance(entry, Performed):
        assert entry.result == "pm_1"


async def test_a_setup_that_is_confirmed_and_not_done_is_unknown(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(setup("processing"))

    assert isinstance(await confirm_once(SETUP, card=CARD, stripe=stripe), AnswerLost)


@pytest.mark.parametrize(
    ("listed", "proof"),
    [
        (refunds(NOT_OURS, refund("succeeded")), Performed),
        (refunds(refund("pending")), Performed),
        (refunds(refund("failed")), NotCharged),
        (refunds(NOT_OURS), NotCharged),
        (refunds(), NotCharged),
        (refunds(NOT_OURS, has_more=True), AnswerLost),
        (HangUp(), AnswerLost),
    ],
)
async def test_a_refund_is_known_by_the_payment_that_made_it(
    listed: Reply | HangUp, proof: type[object], wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(listed)

    entry = await confirm_once(REFUNDING, card=None, stripe=stripe)

    assert isinstance(entry, proof)
    assert [received.method for received in wire.received] == ["GET"]


async def test_a_refund_that_failed_at_once_is_a_refusal(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(Reply(refund("failed")))

    entry = await confirm_once(REFUNDING, card=CARD, stripe=stripe)

    assert isinstance(entry, Declined)
    assert entry.code == "refund_failed"


async def test_a_card_that_is_kept_for_nobody_is_gone(
    wire: StripeWire, stripe: StripeClient
) -> None:
    assert SAVE.undo is not None
    wire.play(Reply({"id": "pm_1", "customer": None}), Reply({"customer": "cus_1"}))
    kept = replace(SETUP, result="pm_1")

    found = [await SAVE.undo.is_done(stripe, kept) for _ in range(2)]

    assert found == [True, False]
    assert await SAVE.undo.is_done(stripe, SETUP)


async def test_nothing_takes_back_a_refund() -> None:
    assert REFUND.undo is None
