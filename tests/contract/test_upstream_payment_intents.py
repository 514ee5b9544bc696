"""A card payment's requests to Stripe, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from stripe_wire import HangUp, Reply, StripeWire, error

from agent.ids import PaymentIntentId
from agent.stripe_api import payment_intents, refunds
from agent.stripe_api.cards import ConfirmCard, Refused
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.payment_intents import (
    Authorized,
    PaymentIntent,
)

INTENT = PaymentIntentId("pi_1")
CARD = ConfirmCard(
    read_method="contact_emv",
    ciphertext=bytes.fromhex("DFDF59A0"),
    ksn=bytes.fromhex("FFFF9876543210E00001"),
    reader="tmr_1",
)


def intent(
    status: str = "requires_payment_method", **fields: object
) -> dict[str, object]:
    return {
        "id": INTENT,
        "object": "payment_intent",
        "status": status,
        "amount": 1050,
        "currency": "usd",
        "livemode": False,
        "payment_method_types": ["card_present"],
        "latest_charge": None,
        "last_payment_error": None,
        **fields,
    }


def charge(**fields: object) -> dict[str, object]:
    return {
        "id": "ch_1",
        "refunded": False,
        "payment_method_details": {
            "type": "card_present",
            "card_present": {"emv_auth_data": "8A023030"},
        },
        **fields,
    }


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def client(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with wire.client() as client:
        yield client


async def test_an_intent_is_read(client: StripeClient, wire: StripeWire) -> None:
    wire.play(Reply(intent(last_payment_error={"code": "card_declined"})))

    read = await payment_intents.retrieve(client, INTENT)

    assert read == PaymentIntent(
        id=INTENT,
        status="requires_payment_method",
        amount=1050,
        currency="usd",
        livemode=False,
        payment_method_types=("card_present",),
        latest_charge=None,
        is_refunded=False,
        amount_received=0,
        amount_returned=0,
        is_disputed=False,
        capture_before=None,
        last_error_code="card_declined",
    )


@pytest.mark.parametrize(
    ("captured", "refunded", "returned"),
    [(0, 0, 0), (1050, 0, 0), (800, 250, 0), (800, 350, 100), (1050, 1050, 1050)],
)
async def test_what_a_capture_has_released_was_not_given_back(
    captured: int, refunded: int, returned: int, client: StripeClient, wire: StripeWire
) -> None:
    amounts = {"amount_captured": captured, "amount_refunded": refunded}
    wire.play(Reply(intent(latest_charge=charge(amount=1050, **amounts))))

    assert (await payment_intents.retrieve(client, INTENT)).amount_returned == returned


async def test_an_intent_tells_until_when_its_money_is_held(
    client: StripeClient, wire: StripeWire
) -> None:
    details = {"type": "card_present", "card_present": {"capture_before": 1_793_700}}
    held = charge(payment_method_details=details, disputed=True)
    wire.play(Reply(intent(status="requires_capture", latest_charge=held)))

    read = await payment_intents.retrieve(client, INTENT)

    assert read.capture_before == 1_793_700
    assert read.is_disputed


async def test_an_intent_tells_the_registers_reference(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(intent(metadata={"reference": "sale 42"})))

    read = await payment_intents.retrieve(client, INTENT)

    assert read.reference == "sale 42"
    assert "sale 42" not in repr(read)


@pytest.mark.parametrize(
    ("latest_charge", "is_refunded"),
    [("ch_1", False), (charge(), False), (charge(refunded=True), True)],
)
async def test_an_intent_tells_its_charge_and_whether_it_was_given_back(
    client: StripeClient,
    wire: StripeWire,
    latest_charge: object,
    is_refunded: bool,
) -> None:
    wire.play(Reply(intent("succeeded", latest_charge=latest_charge)))

    read = await payment_intents.retrieve(client, INTENT)

    assert read.latest_charge == "ch_1"
    assert read.is_refunded is is_refunded


async def test_an_id_of_a_register_app_reaches_no_other_route(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(intent()))

    await payment_intents.retrieve(client, PaymentIntentId("../refunds?limit=1#"))

    (received,) = wire.received
    assert received.target.startswith("/v1/payment_intents/..%2Frefunds%3Flimit%3D1%23")


@pytest.mark.parametrize(
    ("read_method", "field"),
    [
        ("contact_emv", "emv_data"),
        ("contactless_emv", "emv_data"),
        ("magnetic_stripe_track2", "track_2"),
        ("magnetic_stripe_fallback", "track_2"),
    ],
)
async def test_a_confirm_carries_the_card_as_the_reader_encrypted_it(
    client: StripeClient, wire: StripeWire, read_method: str, field: str
) -> None:
    wire.play(Reply(intent("succeeded", latest_charge=charge())))
    card = ConfirmCard(read_method, CARD.ciphertext, ksn=CARD.ksn, reader=CARD.reader)

    await payment_intents.confirm(
        client, INTENT, card=card, amount=1050, idempotency_key="k"
    )

    (received,) = wire.received
    assert received.target == "/v1/payment_intents/pi_1/confirm"
    assert received.headers["idempotency-key"] == "k"
    assert received.form == {
        "amount_to_confirm": "1050",
        "payment_method_data[type]": "card_present",
        "payment_method_data[card_present][read_method]": read_method,
        f"payment_method_data[card_present][{field}]": "DFDF59A0",
        "payment_method_data[card_present][ksn]": "FFFF9876543210E00001",
        "payment_method_data[card_present][reader]": "tmr_1",
        "expand[0]": "latest_charge",
    }


async def test_the_same_confirm_is_the_same_bytes(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(*[Reply(intent("succeeded", latest_charge=charge()))] * 2)

    for _ in range(2):
        await payment_intents.confirm(
            client, INTENT, card=CARD, amount=1050, idempotency_key="k"
        )

    first, second = wire.received
    assert first.body == second.body


@pytest.mark.parametrize("status", ["succeeded", "requires_capture"])
async def test_an_authorisation_brings_the_issuers_answer_for_the_chip(
    client: StripeClient, wire: StripeWire, status: str
) -> None:
    wire.play(Reply(intent(status, latest_charge=charge())))

    outcome = await payment_intents.confirm(
        client, INTENT, card=CARD, amount=1050, idempotency_key="k"
    )

    assert outcome == Authorized(status, charge="ch_1", emv_auth_data="8A023030")


@pytest.mark.parametrize(
    "latest_charge",
    [
        "ch_1",
        charge(payment_method_details=None),
        charge(payment_method_details={"type": "card_present"}),
        charge(payment_method_details={"type": "card_present", "card_present": {}}),
    ],
)
async def test_an_authorisation_without_an_answer_for_the_chip_is_one_nevertheless(
    client: StripeClient, wire: StripeWire, latest_charge: object
) -> None:
    wire.play(Reply(intent("succeeded", latest_charge=latest_charge)))

    outcome = await payment_intents.confirm(
        client, INTENT, card=CARD, amount=1050, idempotency_key="k"
    )

    assert outcome == Authorized("succeeded", charge="ch_1", emv_auth_data=None)


async def test_a_declined_card_is_an_outcome_and_no_exception(
    client: StripeClient, wire: StripeWire
) -> None:
    declined = error(
        "card_declined",
        type="card_error",
        decline_code="insufficient_funds",
        message="Your card has insufficient funds.",
        charge="ch_1",
    )
    wire.play(Reply(declined, status=402))

    outcome = await payment_intents.confirm(
        client, INTENT, card=CARD, amount=1050, idempotency_key="k"
    )

    assert outcome == Refused(
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
        charge="ch_1",
    )


@pytest.mark.parametrize(
    ("status", "type_"), [(400, "card_error"), (402, "invalid_request_error")]
)
async def test_any_other_refusal_is_an_exception(
    client: StripeClient, wire: StripeWire, status: int, type_: str
) -> None:
    refusal = error("payment_intent_unexpected_state", type=type_)
    wire.play(Reply(refusal, status=status))

    with pytest.raises(StripeRefused) as caught:
        await payment_intents.confirm(
            client, INTENT, card=CARD, amount=1050, idempotency_key="k"
        )

    assert caught.value.error.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize("status", ["processing", "requires_action", "canceled"])
async def test_a_confirmed_intent_in_an_unexpected_state_is_an_unknown_outcome(
    client: StripeClient, wire: StripeWire, status: str
) -> None:
    wire.play(Reply(intent(status)))

    with pytest.raises(AnswerLost, match=status):
        await payment_intents.confirm(
            client, INTENT, card=CARD, amount=1050, idempotency_key="k"
        )


async def test_an_object_that_is_no_intent_is_an_unknown_outcome(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply({"id": "pi_1", "object": "something"}))

    with pytest.raises(AnswerLost, match="status"):
        await payment_intents.confirm(
            client, INTENT, card=CARD, amount=1050, idempotency_key="k"
        )


async def test_a_lost_confirm_is_unknown_and_sent_only_once(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(HangUp())

    with pytest.raises(AnswerLost):
        await payment_intents.confirm(
            client, INTENT, card=CARD, amount=1050, idempotency_key="k"
        )

    assert len(wire.received) == 1


async def test_an_authorisation_is_canceled(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(intent("canceled", latest_charge=charge(refunded=True))))

    canceled = await payment_intents.cancel(client, INTENT, idempotency_key="k")

    (received,) = wire.received
    assert received.target == "/v1/payment_intents/pi_1/cancel"
    assert received.headers["idempotency-key"] == "k"
    assert canceled.status == "canceled"


async def test_a_payment_is_refunded_whole(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply({"id": "re_1", "object": "refund", "status": "succeeded"}))

    refund = await refunds.create(client, payment_intent=INTENT, idempotency_key="k")

    (received,) = wire.received
    assert (received.target, received.form) == (
        "/v1/refunds",
        {"payment_intent": INTENT},
    )
    assert received.headers["idempotency-key"] == "k"
    assert (refund.id, refund.status) == ("re_1", "succeeded")


def test_a_printed_card_shows_no_card_data() -> None:
    assert "dfdf59" not in repr(CARD).lower()
    assert "ciphertext" not in repr(CARD)
    assert "8A023030" not in repr(Authorized("succeeded", "ch_1", "8A023030"))
