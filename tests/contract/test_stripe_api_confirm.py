"""Confirming PaymentIntents with what a local reader encrypted, and declines."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    APPROVED_DATA,
    UNREADABLE_DATA,
    StripeApiServer,
    card_present,
    declined_data,
    new_intent,
    paid_intent,
)

pytest_plugins = ("stripe_api_fixtures",)


def charge_of(
    client: stripe.StripeClient, intent: stripe.PaymentIntent
) -> stripe.Charge:
    """The intent's latest charge."""
    return client.v1.charges.retrieve(str(intent.latest_charge))


def event_types(client: stripe.StripeClient) -> list[str]:
    """What happened, oldest first."""
    return [event.type for event in reversed(client.v1.events.list().data)]


def test_confirming_a_paid_intent_is_refused(server: StripeApiServer) -> None:
    client = server.client()
    intent = paid_intent(client)

    with pytest.raises(stripe.InvalidRequestError, match="already succeeded") as caught:
        client.v1.payment_intents.confirm(intent.id, card_present())

    assert caught.value.code == "payment_intent_unexpected_state"
    assert error_of(caught.value)["payment_intent"]["id"] == intent.id
    assert len(server.issuer.asked) == 1


def test_confirming_a_canceled_intent_is_refused(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.cancel(new_intent(client).id)

    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.payment_intents.confirm(intent.id, card_present())


def test_declined_card_leaves_the_intent_to_be_tried_again(
    client: stripe.StripeClient,
) -> None:
    intent = new_intent(client)

    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(
            intent.id, card_present(declined_data("insufficient_funds"))
        )

    error = error_of(caught.value)
    assert caught.value.http_status == 402
    assert (error["code"], error["decline_code"]) == (
        "card_declined",
        "insufficient_funds",
    )
    assert error["message"] == "Your card has insufficient funds."
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["last_payment_error"]["charge"] == error["charge"]
    assert event_types(client)[1:] == ["charge.failed", "payment_intent.payment_failed"]


def test_declined_charge_has_the_issuers_answer_for_the_card(
    client: stripe.StripeClient,
) -> None:
    intent = new_intent(client)
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(
            intent.id, card_present(declined_data("do_not_honor"))
        )

    intent = client.v1.payment_intents.retrieve(intent.id)
    charge = charge_of(client, intent)
    details = charge.payment_method_details
    assert details is not None
    assert details.card_present is not None
    assert details.card_present.emv_auth_data == "8A023035"
    assert (charge.status, charge.paid, charge.failure_code) == (
        "failed",
        False,
        "card_declined",
    )
    assert charge.outcome is not None
    assert charge.outcome.advice_code == "do_not_try_again"


def test_another_card_can_pay_after_a_decline(client: stripe.StripeClient) -> None:
    intent = new_intent(client)
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(
            intent.id, card_present(declined_data("incorrect_pin"))
        )

    paid = client.v1.payment_intents.confirm(intent.id, card_present())

    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = client.v1.charges.list({"payment_intent": intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_unreadable_card_data_change_nothing(client: stripe.StripeClient) -> None:
    intent = new_intent(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id, card_present(UNREADABLE_DATA))

    assert caught.value.code == "card_data_unreadable"
    assert client.v1.payment_intents.retrieve(intent.id) == intent
    assert client.v1.charges.list().data == []


def test_issuer_is_asked_with_the_readers_bytes(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client, amount=1234)
    client.v1.payment_intents.confirm(
        intent.id, card_present(read_method="contactless_emv")
    )

    asked = server.issuer.asked[0]
    assert asked.ciphertext == APPROVED_DATA
    assert asked.ksn.hex() == "ffff9876543210e00001"
    assert (asked.amount, asked.currency) == (1234, "usd")
    assert asked.read_method == "contactless_emv"


def test_swipe_is_sent_as_track_2(server: StripeApiServer) -> None:
    client = server.client()
    params = card_present(
        emv_data="", track_2=APPROVED_DATA.hex(), read_method="magnetic_stripe_track2"
    )
    del card_of(params)["emv_data"], card_of(params)["reader"]

    charge = charge_of(
        client, client.v1.payment_intents.confirm(new_intent(client).id, params)
    )

    details = charge.payment_method_details
    assert details is not None
    assert details.card_present is not None
    assert details.card_present.read_method == "magnetic_stripe_track2"
    assert "reader" not in details.card_present
    assert server.issuer.asked[0].ciphertext == APPROVED_DATA


def test_a_card_that_was_stored_offline_is_charged_and_says_when_it_was_read(
    client: stripe.StripeClient,
) -> None:
    params = card_present()
    card_of(params)["offline"] = {"stored_at": 1_800_000_000, "type": "deferred"}

    charge = charge_of(
        client, client.v1.payment_intents.confirm(new_intent(client).id, params)
    )

    details = charge.payment_method_details
    assert details is not None
    assert details.card_present is not None
    assert details.card_present.offline is not None
    assert details.card_present.offline.stored_at == 1_800_000_000
    assert details.card_present.offline.type == "deferred"
    method = client.v1.payment_methods.retrieve(str(charge.payment_method))
    assert method.card_present is not None
    assert method.card_present.offline is not None
    assert method.card_present.offline.stored_at == 1_800_000_000


@pytest.mark.parametrize(
    ("offline", "param"),
    [({"type": "deferred"}, "stored_at"), ({"stored_at": 1, "type": "now"}, "type")],
)
def test_a_stored_card_says_when_and_how(
    client: stripe.StripeClient, offline: dict[str, object], param: str
) -> None:
    params = card_present()
    card_of(params)["offline"] = offline

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(new_intent(client).id, params)

    assert caught.value.param == (
        f"payment_method_data[card_present][offline][{param}]"
    )


@pytest.mark.parametrize("both", [True, False])
def test_chip_and_swipe_exclude_each_other(
    client: stripe.StripeClient, both: bool
) -> None:
    params = card_present(track_2="00")
    if not both:
        del card_of(params)["emv_data"], card_of(params)["track_2"]

    with pytest.raises(stripe.InvalidRequestError, match="Exactly one of"):
        client.v1.payment_intents.confirm(new_intent(client).id, params)


def test_bad_hexadecimal_is_not_repeated_in_the_error(
    client: stripe.StripeClient,
) -> None:
    params = card_present(emv_data="4242zz")

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(new_intent(client).id, params)

    assert caught.value.param == "payment_method_data[card_present][emv_data]"
    assert "4242" not in str(caught.value)


def test_confirming_without_a_card_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.payment_intents.confirm(new_intent(client).id)


def test_confirming_without_card_data_is_refused(client: stripe.StripeClient) -> None:
    params: Any = {"payment_method_data": {"type": "card_present"}}

    with pytest.raises(stripe.InvalidRequestError, match="Missing required") as caught:
        client.v1.payment_intents.confirm(new_intent(client).id, params)

    assert caught.value.param == "payment_method_data[card_present]"


def test_card_present_must_be_allowed_by_the_intent(
    client: stripe.StripeClient,
) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})

    with pytest.raises(stripe.InvalidRequestError, match="card, link") as caught:
        client.v1.payment_intents.confirm(intent.id, card_present())

    assert caught.value.code == "payment_intent_invalid_parameter"


def test_confirming_checks_the_amount_it_is_told(client: stripe.StripeClient) -> None:
    intent = new_intent(client, amount=1000)
    params: Any = {**card_present(), "amount_to_confirm": 999}

    with pytest.raises(stripe.InvalidRequestError, match="amount_to_confirm"):
        client.v1.payment_intents.confirm(intent.id, params)


def test_payment_method_of_a_present_card_serves_once(
    client: stripe.StripeClient,
) -> None:
    method = str(paid_intent(client).payment_method)

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_intents.confirm(
            new_intent(client).id, {"payment_method": method}
        )
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_intents.update(
            new_intent(client).id, {"payment_method": method}
        )


def test_unknown_payment_method_is_missing(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(
            new_intent(client).id, {"payment_method": "pm_none"}
        )

    assert (caught.value.code, caught.value.param) == (
        "resource_missing",
        "payment_method",
    )
    assert caught.value.http_status == 400


def test_intent_can_be_confirmed_when_created(client: stripe.StripeClient) -> None:
    params: Any = {
        "amount": 1000,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
        "confirm": True,
        **card_present(),
    }

    assert client.v1.payment_intents.create(params).status == "succeeded"


def test_card_data_without_confirmation_are_refused(
    client: stripe.StripeClient,
) -> None:
    params: Any = {"amount": 1000, "currency": "usd", **card_present()}

    with pytest.raises(stripe.InvalidRequestError, match="only when confirming"):
        client.v1.payment_intents.create(params)


def test_a_tip_chosen_at_the_reader_is_charged_with_the_amount(
    server: StripeApiServer,
) -> None:
    client = server.client()
    intent = new_intent(client, amount=1000)

    paid = client.v1.payment_intents.confirm(intent.id, card_present(amount_tip=150))

    assert (paid.amount, paid.amount_received) == (1150, 1150)
    assert tip_of(paid) == 150
    assert charge_of(client, paid).amount == 1150
    assert server.issuer.asked[-1].amount == 1150


def test_where_nobody_was_asked_the_tip_is_null(client: stripe.StripeClient) -> None:
    intent = new_intent(client, amount=1000)

    unasked = client.v1.payment_intents.confirm(intent.id, card_present())

    assert unasked.amount == 1000
    assert tip_of(unasked) is None


def test_a_decline_leaves_the_amount_without_the_tip(
    client: stripe.StripeClient,
) -> None:
    intent = new_intent(client, amount=1000)
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(
            intent.id, card_present(declined_data("insufficient_funds"), amount_tip=150)
        )

    declined = client.v1.payment_intents.retrieve(intent.id)

    assert declined.amount == 1000


def tip_of(intent: stripe.PaymentIntent) -> int | None:
    """What of its amount is a tip."""
    details = intent.amount_details
    assert details is not None
    assert details.tip is not None
    return details.tip.amount


def card_of(params: Any) -> dict[str, Any]:
    """The card within confirm parameters."""
    card: dict[str, Any] = params["payment_method_data"]["card_present"]
    return card


def error_of(error: stripe.StripeError) -> dict[str, Any]:
    """The `error` object of the answer."""
    body: Any = error.json_body
    found: dict[str, Any] = body["error"]
    return found
