"""Interac at a local reader: taken as what it is, and refunded to the card itself."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    INTERAC_DATA,
    OTHER_INTERAC_DATA,
    UNREADABLE_DATA,
    StripeApiServer,
    card_present,
    declined_data,
    new_intent,
    paid_intent,
)

from drivers.protocol import emv

pytest_plugins = ("stripe_api_fixtures",)


def paid_by_interac(client: stripe.StripeClient) -> stripe.PaymentIntent:
    """A PaymentIntent over 10.50 that an Interac card has paid at a local reader."""
    wanted: Any = {
        "amount": 10_50,
        "currency": "cad",
        "allowed_payment_method_types": ["card_present", "interac_present"],
        "capture_method": "manual",
    }
    intent = client.v1.payment_intents.create(wanted)
    return client.v1.payment_intents.confirm(intent.id, card_present(INTERAC_DATA))


def refunded(
    client: stripe.StripeClient,
    intent: stripe.PaymentIntent,
    data: bytes = INTERAC_DATA,
    **params: Any,
) -> stripe.Refund:
    """A refund to the card with these data."""
    sent: Any = {"payment_intent": intent.id, **params, **card_present(data)}
    return client.v1.refunds.create(sent)


def test_interac_card_is_taken_as_what_it_is(client: stripe.StripeClient) -> None:
    intent = paid_by_interac(client)

    charge: Any = client.v1.charges.retrieve(str(intent.latest_charge))
    assert intent.status == "succeeded"
    assert charge.payment_method_details.type == "interac_present"
    assert charge.payment_method_details.interac_present.reader == "tmr_local"


def test_interac_card_is_refused_where_the_intent_does_not_take_it(
    client: stripe.StripeClient,
) -> None:
    intent = new_intent(client)

    with pytest.raises(stripe.InvalidRequestError, match="interac_present") as caught:
        client.v1.payment_intents.confirm(intent.id, card_present(INTERAC_DATA))

    assert caught.value.code == "payment_intent_invalid_parameter"
    assert client.v1.payment_intents.retrieve(intent.id) == intent


def test_money_goes_back_to_the_card_that_paid(server: StripeApiServer) -> None:
    client = server.client()
    intent = paid_by_interac(client)

    refund = refunded(client, intent, amount=4_00, metadata={"order": "7"})

    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (refund.amount, refund.status) == (4_00, "succeeded")
    assert refund.metadata is not None
    assert refund.metadata["order"] == "7"
    assert charge.amount_refunded == 4_00
    assert server.issuer.asked[-1].transaction_type == emv.REFUND


def test_repeated_refund_gives_back_once(client: stripe.StripeClient) -> None:
    intent = paid_by_interac(client)
    sent: Any = {"payment_intent": intent.id, "amount": 4_00}
    sent |= card_present(INTERAC_DATA)

    first = client.v1.refunds.create(sent, {"idempotency_key": "once"})
    second = client.v1.refunds.create(sent, {"idempotency_key": "once"})

    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert first.id == second.id
    assert charge.amount_refunded == 4_00


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (OTHER_INTERAC_DATA, "invalid_card_type"),
        (UNREADABLE_DATA, "card_data_unreadable"),
    ],
)
def test_money_goes_back_to_no_other_card(
    client: stripe.StripeClient, data: bytes, code: str
) -> None:
    intent = paid_by_interac(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        refunded(client, intent, data)

    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert caught.value.code == code
    assert charge.amount_refunded == 0


def test_issuer_may_decline_a_refund(server: StripeApiServer) -> None:
    client = server.client()
    intent = paid_by_interac(client)
    server.issuer.decline_code = "incorrect_pin"

    with pytest.raises(stripe.CardError) as caught:
        refunded(client, intent)

    body: Any = caught.value.json_body
    assert body["error"]["decline_code"] == "incorrect_pin"
    assert body["error"]["charge"] == intent.latest_charge


def test_other_cards_need_not_be_there_for_a_refund(
    client: stripe.StripeClient,
) -> None:
    intent = paid_intent(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        refunded(client, intent, declined_data("generic_decline"))

    assert caught.value.code == "charge_not_refundable"
