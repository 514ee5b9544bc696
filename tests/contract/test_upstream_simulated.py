"""The client against the simulated Stripe API: one charge, whatever goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import stripe
from stripe_api_server import (
    APPROVED_DATA,
    KEY,
    UNREADABLE_DATA,
    StripeApiServer,
    declined_data,
    new_intent,
    serving,
)

from agent.ids import PaymentIntentId
from agent.settings import StripeKey
from agent.stripe_api import payment_intents, refunds
from agent.stripe_api.cards import ConfirmCard, Refused
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from agent.stripe_api.errors import AnswerLost, StripeRefused, StripeUnreachable
from agent.stripe_api.payment_intents import Authorized
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Fault,
    FaultRule,
    LoseReply,
    ResetConnection,
)

CARD = ConfirmCard(
    read_method="contact_emv",
    ciphertext=APPROVED_DATA,
    ksn=bytes.fromhex("FFFF9876543210E00001"),
    reader="tmr_local",
)


@pytest.fixture
def server() -> Iterator[StripeApiServer]:
    with serving() as server:
        yield server


@pytest.fixture
async def client(server: StripeApiServer) -> AsyncIterator[StripeClient]:
    async with Connections() as connections:
        yield StripeClient(
            connections,
            api_base=server.url,
            key=StripeKey(KEY),
            api_version="2026-10-28.endive",
            timeout_s=5.0,
        )


@pytest.fixture
def sdk(server: StripeApiServer) -> stripe.StripeClient:
    return server.client()


def intent_id(sdk: stripe.StripeClient, capture_method: str) -> PaymentIntentId:
    return PaymentIntentId(new_intent(sdk, capture_method=capture_method).id)


@pytest.fixture
def intent(sdk: stripe.StripeClient) -> PaymentIntentId:
    return intent_id(sdk, "automatic")


@pytest.fixture
def held_intent(sdk: stripe.StripeClient) -> PaymentIntentId:
    """An intent that is authorised now and captured later."""
    return intent_id(sdk, "manual")


async def confirm(
    client: StripeClient, intent: PaymentIntentId, card: ConfirmCard = CARD
) -> Authorized | Refused:
    return await payment_intents.confirm(
        client, intent, card=card, amount=10_50, idempotency_key=f"confirm-{intent}"
    )


async def test_an_approved_card_is_charged_once(
    client: StripeClient, server: StripeApiServer, intent: PaymentIntentId
) -> None:
    outcome = await confirm(client, intent)

    assert isinstance(outcome, Authorized)
    assert (outcome.status, outcome.emv_auth_data) == ("succeeded", "8A023030")
    read = await payment_intents.retrieve(client, intent)
    assert (read.status, read.amount, read.currency) == ("succeeded", 10_50, "usd")
    assert read.latest_charge == outcome.charge
    (asked,) = server.issuer.asked
    assert (asked.ciphertext, asked.ksn) == (CARD.ciphertext, CARD.ksn)


async def test_a_declined_card_leaves_the_intent_open_for_another(
    client: StripeClient, intent: PaymentIntentId
) -> None:
    card = replace(CARD, ciphertext=declined_data("insufficient_funds"))

    outcome = await confirm(client, intent, card)

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.decline_code) == (
        "card_declined",
        "insufficient_funds",
    )
    read = await payment_intents.retrieve(client, intent)
    assert read.status == "requires_payment_method"
    assert read.last_error_code == "card_declined"


async def test_card_data_that_do_not_decrypt_are_refused(
    client: StripeClient, intent: PaymentIntentId
) -> None:
    with pytest.raises(StripeRefused):
        await confirm(client, intent, replace(CARD, ciphertext=UNREADABLE_DATA))


async def test_an_unknown_intent_is_refused(client: StripeClient) -> None:
    with pytest.raises(StripeRefused) as caught:
        await payment_intents.retrieve(client, PaymentIntentId("pi_none"))

    assert caught.value.error.code == "resource_missing"
    assert caught.value.error.status == 404


AFTER_THE_CHARGE: list[Fault] = [LoseReply(), CutBody(10)]


@pytest.mark.parametrize("fault", AFTER_THE_CHARGE)
async def test_a_lost_confirm_repeated_under_its_key_charges_once(
    client: StripeClient,
    server: StripeApiServer,
    intent: PaymentIntentId,
    fault: Fault,
) -> None:
    server.api.faults.add(FaultRule(fault, method="POST", path="*/confirm"))

    with pytest.raises(AnswerLost):
        await confirm(client, intent)
    outcome = await confirm(client, intent)

    assert isinstance(outcome, Authorized)
    assert len(server.issuer.asked) == 1


@pytest.mark.parametrize("fault", AFTER_THE_CHARGE)
async def test_a_lost_confirm_shows_in_the_intent(
    client: StripeClient,
    server: StripeApiServer,
    intent: PaymentIntentId,
    fault: Fault,
) -> None:
    server.api.faults.add(FaultRule(fault, method="POST", path="*/confirm"))

    with pytest.raises(AnswerLost):
        await confirm(client, intent)

    read = await payment_intents.retrieve(client, intent)
    assert read.status == "succeeded"


@pytest.mark.parametrize("fault", [ResetConnection(), AnswerStatus(500)])
async def test_a_confirm_that_never_reached_the_issuer_is_unknown_all_the_same(
    client: StripeClient,
    server: StripeApiServer,
    intent: PaymentIntentId,
    fault: Fault,
) -> None:
    server.api.faults.add(FaultRule(fault, method="POST", path="*/confirm"))

    with pytest.raises(AnswerLost):
        await confirm(client, intent)

    assert server.issuer.asked == []


async def test_a_rate_limited_confirm_has_charged_nobody(
    client: StripeClient, server: StripeApiServer, intent: PaymentIntentId
) -> None:
    rule = FaultRule(AnswerStatus(429), method="POST", path="*/confirm")
    server.api.faults.add(rule)

    with pytest.raises(StripeUnreachable):
        await confirm(client, intent)

    assert server.issuer.asked == []


async def test_an_authorisation_is_released(
    client: StripeClient, held_intent: PaymentIntentId
) -> None:
    outcome = await confirm(client, held_intent)
    assert isinstance(outcome, Authorized)
    assert outcome.status == "requires_capture"

    canceled = await payment_intents.cancel(client, held_intent, idempotency_key="c")

    assert canceled.status == "canceled"


async def test_a_charge_is_given_back_once_however_often_it_is_asked(
    client: StripeClient, server: StripeApiServer, intent: PaymentIntentId
) -> None:
    await confirm(client, intent)
    server.api.faults.add(FaultRule(LoseReply(), method="POST", path="/v1/refunds"))

    with pytest.raises(AnswerLost):
        await refunds.create(client, payment_intent=intent, idempotency_key="r")
    refund = await refunds.create(client, payment_intent=intent, idempotency_key="r")

    assert refund.status == "succeeded"
    assert (await payment_intents.retrieve(client, intent)).is_refunded


async def test_the_same_key_for_another_card_is_refused(
    client: StripeClient, intent: PaymentIntentId
) -> None:
    await confirm(client, intent)

    with pytest.raises(StripeRefused) as caught:
        await confirm(client, intent, replace(CARD, ciphertext=b"another"))

    assert caught.value.error.type == "idempotency_error"


async def test_what_is_forwarded_is_what_stripe_would_have_answered(
    client: StripeClient, sdk: stripe.StripeClient, intent: PaymentIntentId
) -> None:
    answer = await client.forward(
        "GET", f"/v1/payment_intents/{intent}", headers={}, body=b""
    )

    assert answer.status == 200
    assert answer.headers["request-id"].startswith("req_")
    assert f'"{intent}"'.encode() in answer.body
