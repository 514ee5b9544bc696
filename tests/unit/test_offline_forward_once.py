"""What each answer of Stripe's proves about one stored payment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from offline_entries import CONTENT, stored
from stripe_wire import HangUp, Reply, StripeWire, error

from agent.ids import PaymentIntentId
from agent.journal.offline_entries import ForwardDeclined, Forwarded, ForwardFailed
from agent.offline.forwarding import NotNow, Outcome, Unknown, forward_once
from agent.offline.records import StoredContent
from agent.offline.states import OfflinePayment, OfflineState
from agent.settings import StripeKey
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections

PAYMENT = OfflinePayment(stored(), OfflineState.FORWARDING, idempotency_key="key")
AT_STRIPE = replace(
    PAYMENT, stored=replace(stored(), payment_intent=PaymentIntentId("pi_1"))
)
OF_STRIPES = replace(CONTENT, create=None)
BOTH = pytest.mark.parametrize(
    ("payment", "content"), [(PAYMENT, CONTENT), (AT_STRIPE, OF_STRIPES)]
)

DECLINED = Reply(
    {
        "error": {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "lost_card",
            "message": "Declined.",
            "charge": "ch_1",
            "payment_intent": {"id": "pi_1"},
        }
    },
    status=402,
)
KEPT_500 = Reply(
    error(type="api_error"), status=500, headers={"Idempotent-Replayed": "true"}
)
USED_KEY = Reply(error(type="idempotency_error"), status=400)
NOTHING = Reply({"object": "search_result", "data": []})


def intent(
    status: str = "succeeded", *, stored_at: int | None = CONTENT.stored_at
) -> dict[str, object]:
    """An intent of Stripe's, charged with the stored card or another."""
    offline = {"stored_at": stored_at, "type": "deferred"} if stored_at else None
    return {
        "id": "pi_1",
        "status": status,
        "latest_charge": {
            "id": "ch_1",
            "payment_method_details": {"card_present": {"offline": offline}},
        },
    }


def found(payment: OfflinePayment, *intents: dict[str, object]) -> Reply:
    """What Stripe has, in the form in which it is asked for."""
    if payment is AT_STRIPE:
        return Reply(intents[0])
    return Reply({"object": "search_result", "data": list(intents)})


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def stripe(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with wire.client() as client:
        yield client


async def ask(
    stripe: StripeClient,
    payment: OfflinePayment = PAYMENT,
    content: StoredContent = CONTENT,
    *,
    looks_first: bool = False,
) -> Outcome:
    return await forward_once(payment, content, stripe=stripe, looks_first=looks_first)


@BOTH
async def test_a_stored_card_is_charged_by_one_request(
    payment: OfflinePayment,
    content: StoredContent,
    wire: StripeWire,
    stripe: StripeClient,
) -> None:
    wire.play(Reply(intent("requires_capture")))

    outcome = await ask(stripe, payment, content)

    (received,) = wire.received
    assert outcome == Forwarded(
        stored().payment_id, PaymentIntentId("pi_1"), "requires_capture", "ch_1"
    )
    assert received.headers["idempotency-key"] == "key"
    prefix = "payment_method_data[card_present][offline]"
    assert received.form[f"{prefix}[stored_at]"] == str(content.stored_at)
    assert ("confirm" in received.form) == (payment is PAYMENT)
    assert received.target == (
        "/v1/payment_intents"
        if payment is PAYMENT
        else "/v1/payment_intents/pi_1/confirm"
    )


@BOTH
async def test_a_decline_names_the_intent_and_the_reason(
    payment: OfflinePayment,
    content: StoredContent,
    wire: StripeWire,
    stripe: StripeClient,
) -> None:
    wire.play(DECLINED)

    outcome = await ask(stripe, payment, content)

    assert isinstance(outcome, ForwardDeclined)
    assert (outcome.payment_intent, outcome.decline_code) == ("pi_1", "lost_card")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (HangUp(), Unknown),
        (Reply(error("lock_timeout"), status=409), Unknown),
        (Reply(b"<html>", status=502), Unknown),
        (Reply(error(), status=401), NotNow),
        (Reply(error(), status=403), NotNow),
        (Reply(error("rate_limit"), status=429), NotNow),
        (Reply(intent("requires_action")), Unknown),
    ],
)
async def test_what_proves_nothing_is_asked_again(
    reply: Reply | HangUp,
    kind: type[Outcome],
    wire: StripeWire,
    stripe: StripeClient,
) -> None:
    wire.play(reply)

    assert isinstance(await ask(stripe), kind)


async def test_without_connection_nothing_was_asked(stripe: StripeClient) -> None:
    nowhere = StripeClient(
        Connections(),
        api_base="http://127.0.0.1:9",
        key=StripeKey("sk_test_" + "a" * 16),
        api_version="2026-10-28.endive",
        timeout_s=1.0,
    )

    assert isinstance(await ask(nowhere), NotNow)


@BOTH
async def test_a_refused_request_that_charged_nobody_has_failed(
    payment: OfflinePayment,
    content: StoredContent,
    wire: StripeWire,
    stripe: StripeClient,
) -> None:
    nothing = Reply({"id": "pi_1", "status": "canceled"})
    wire.play(
        Reply(error("parameter_invalid"), status=400),
        NOTHING if payment is PAYMENT else nothing,
    )

    outcome = await ask(stripe, payment, content)

    assert isinstance(outcome, ForwardFailed)
    assert outcome.code == "parameter_invalid"


@BOTH
@pytest.mark.parametrize("refusal", [KEPT_500, Reply(error("x"), status=400)])
async def test_what_stripe_has_counts_more_than_what_it_says(
    refusal: Reply,
    payment: OfflinePayment,
    content: StoredContent,
    wire: StripeWire,
    stripe: StripeClient,
) -> None:
    wire.play(refusal, found(payment, intent()))

    assert isinstance(await ask(stripe, payment, content), Forwarded)


@pytest.mark.parametrize("refusal", [KEPT_500, Reply(error("x"), status=400)])
async def test_where_stripe_cannot_be_asked_nothing_is_concluded(
    refusal: Reply, wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(refusal, HangUp())

    assert isinstance(await ask(stripe), Unknown)


async def test_a_lost_answer_that_left_nothing_stays_unknown(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(KEPT_500, NOTHING)

    assert isinstance(await ask(stripe), Unknown)


async def test_another_card_that_paid_is_no_success_of_ours(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(
        Reply(error("payment_intent_unexpected_state"), status=400),
        Reply(intent(stored_at=None)),
    )

    outcome = await ask(stripe, AT_STRIPE, OF_STRIPES)

    assert isinstance(outcome, ForwardFailed)
    assert outcome.code == "offline_intent_already_settled"


async def test_a_key_that_stripe_knows_was_the_confirm_at_the_till(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(USED_KEY, Reply(intent(stored_at=None)))

    assert isinstance(await ask(stripe, AT_STRIPE, OF_STRIPES), Forwarded)


@BOTH
async def test_who_looks_first_asks_for_no_money_where_it_is_taken(
    payment: OfflinePayment,
    content: StoredContent,
    wire: StripeWire,
    stripe: StripeClient,
) -> None:
    wire.play(found(payment, intent()))

    outcome = await ask(stripe, payment, content, looks_first=True)

    assert isinstance(outcome, Forwarded)
    assert [received.method for received in wire.received] == ["GET"]


async def test_who_looks_first_finds_the_decline_of_this_very_payment(
    wire: StripeWire, stripe: StripeClient
) -> None:
    tried: dict[str, object] = {
        "id": "pi_1",
        "status": "requires_payment_method",
        "latest_charge": "ch_1",
        "last_payment_error": {"code": "card_declined", "message": "No."},
    }
    wire.play(found(PAYMENT, tried))

    outcome = await ask(stripe, looks_first=True)

    assert isinstance(outcome, ForwardDeclined)
    assert (outcome.code, outcome.charge) == ("card_declined", "ch_1")


async def test_an_older_decline_of_stripes_intent_says_nothing_of_this_card(
    wire: StripeWire, stripe: StripeClient
) -> None:
    tried: dict[str, object] = {
        "id": "pi_1",
        "status": "requires_payment_method",
        "last_payment_error": {"code": "card_declined"},
    }
    wire.play(Reply(tried), Reply(intent()))

    outcome = await ask(stripe, AT_STRIPE, OF_STRIPES, looks_first=True)

    assert isinstance(outcome, Forwarded)


async def test_an_answer_that_is_no_intent_proves_nothing(
    wire: StripeWire, stripe: StripeClient
) -> None:
    wire.play(Reply({"object": "list"}))

    assert isinstance(await ask(stripe), Unknown)
