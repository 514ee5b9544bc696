"""What goes to Stripe where a card is kept or refunded, and what may come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from stripe_wire import HangUp, Reply, StripeWire, error

from agent.ids import PaymentId, PaymentIntentId, SetupIntentId
from agent.stripe_api import (
    charges,
    payment_methods,
    refunds_in_person,
    setup_intents,
)
from agent.stripe_api.cards import ConfirmCard, Refused
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.refunds_in_person import RefundOrder

CARD = ConfirmCard("contact_emv", b"\xdf\xdf", ksn=bytes(10), reader="tmr_1")
SETUP = SetupIntentId("seti_1")
ORDER = RefundOrder(
    PaymentId("pay_1"),
    "ch_1",
    amount=400,
    metadata={"z": "1", "a": "2"},
    reverse_transfer=False,
)
DECLINED = Reply(error("card_declined", type="card_error"), status=402)

Call = Callable[[StripeClient], Awaitable[object]]


async def keep(client: StripeClient) -> object:
    return await setup_intents.confirm(
        client, SETUP, card=CARD, allow_redisplay="always", idempotency_key="k"
    )


async def give_back(client: StripeClient) -> object:
    return await refunds_in_person.create(client, ORDER, card=CARD, idempotency_key="k")


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def client(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with wire.client() as client:
        yield client


async def test_a_refund_says_whose_it_is_and_is_the_same_when_repeated(
    wire: StripeWire, client: StripeClient
) -> None:
    wire.play(Reply({"id": "re_1", "status": "succeeded"}))

    await give_back(client)

    (received,) = wire.received
    assert received.headers["idempotency-key"] == "k"
    assert list(received.form.items()) == [
        ("charge", "ch_1"),
        ("amount", "400"),
        ("metadata[a]", "2"),
        ("metadata[z]", "1"),
        ("metadata[cardlane_payment]", "pay_1"),
        ("reverse_transfer", "false"),
        ("payment_method_data[type]", "card_present"),
        ("payment_method_data[card_present][read_method]", "contact_emv"),
        ("payment_method_data[card_present][emv_data]", "DFDF"),
        ("payment_method_data[card_present][ksn]", "00" * 10),
        ("payment_method_data[card_present][reader]", "tmr_1"),
    ]


@pytest.mark.parametrize("call", [keep, give_back])
async def test_the_issuers_no_is_an_answer(
    call: Call, wire: StripeWire, client: StripeClient
) -> None:
    wire.play(DECLINED)

    assert isinstance(await call(client), Refused)


@pytest.mark.parametrize("call", [keep, give_back])
@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Reply(error("parameter_missing"), status=400), StripeRefused),
        (HangUp(), AnswerLost),
        (Reply({"object": "something"}), AnswerLost),
    ],
)
async def test_what_stripe_may_have_done_is_told_from_what_it_refused(
    call: Call,
    answer: Reply | HangUp,
    failure: type[Exception],
    wire: StripeWire,
    client: StripeClient,
) -> None:
    wire.play(answer)

    with pytest.raises(failure):
        await call(client)


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (
            lambda client: setup_intents.retrieve(client, SetupIntentId("a/../b")),
            "/v1/setup_intents/a%2F..%2Fb",
        ),
        (
            lambda client: charges.retrieve(client, "a/../b"),
            "/v1/charges/a%2F..%2Fb",
        ),
        (
            lambda client: charges.of_intent(client, PaymentIntentId("a/../b")),
            "/v1/payment_intents/a%2F..%2Fb",
        ),
        (
            lambda client: payment_methods.customer_of(client, "a/../b"),
            "/v1/payment_methods/a%2F..%2Fb",
        ),
    ],
)
async def test_an_id_reaches_no_other_route(
    call: Call, target: str, wire: StripeWire, client: StripeClient
) -> None:
    wire.play(Reply(error("resource_missing"), status=404))

    with pytest.raises(StripeRefused):
        await call(client)

    assert wire.received[0].target.split("?")[0] == target


async def test_an_intent_without_a_charge_has_none(
    wire: StripeWire, client: StripeClient
) -> None:
    wire.play(Reply({"id": "pi_1", "latest_charge": None}))

    assert await charges.of_intent(client, PaymentIntentId("pi_1")) is None


async def test_an_object_that_is_no_charge_is_no_answer(
    wire: StripeWire, client: StripeClient
) -> None:
    wire.play(Reply({"id": "ch_1"}))

    with pytest.raises(AnswerLost):
        await charges.retrieve(client, "ch_1")
