"""Refunds of present-card charges, and what they do to charge and balance."""

from __future__ import annotations

import pytest
import stripe
from stripe_api_server import (
    StripeApiServer,
    card_present,
    declined_data,
    new_intent,
    paid_intent,
)

pytest_plugins = ("stripe_api_fixtures",)


def test_refund_gives_everything_back(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, amount=10_00)

    refund = client.v1.refunds.create({"payment_intent": intent.id})

    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (refund.status, refund.amount) == ("succeeded", 10_00)
    assert (charge.refunded, charge.amount_refunded) == (True, 10_00)


def test_refund_in_parts_leaves_the_charge_partly_refunded(
    client: stripe.StripeClient,
) -> None:
    charge_id = str(paid_intent(client, amount=10_00).latest_charge)

    client.v1.refunds.create({"charge": charge_id, "amount": 3_00})
    partly = client.v1.charges.retrieve(charge_id)
    client.v1.refunds.create({"charge": charge_id})
    wholly = client.v1.charges.retrieve(charge_id)

    assert (partly.refunded, partly.amount_refunded) == (False, 3_00)
    assert (wholly.refunded, wholly.amount_refunded) == (True, 10_00)


def test_refund_after_partial_capture_is_of_what_was_captured(
    client: stripe.StripeClient,
) -> None:
    held = paid_intent(client, amount=10_00, capture_method="manual")
    client.v1.payment_intents.capture(held.id, {"amount_to_capture": 6_00})

    assert client.v1.refunds.create({"payment_intent": held.id}).amount == 6_00


def test_refunding_more_than_is_left_is_refused(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, amount=10_00)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 10_01})

    assert caught.value.param == "amount"
    assert caught.value.user_message == (
        "Refund amount ($10.01) is greater than unrefunded amount on charge ($10.00)"
    )


def test_refunding_twice_is_refused(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)
    client.v1.refunds.create({"payment_intent": intent.id})

    with pytest.raises(stripe.InvalidRequestError, match="already been") as caught:
        client.v1.refunds.create({"payment_intent": intent.id})

    assert caught.value.code == "charge_already_refunded"


def test_nothing_can_be_refunded_before_payment(client: stripe.StripeClient) -> None:
    unpaid = new_intent(client)
    held = paid_intent(client, capture_method="manual")
    declined = new_intent(client)
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(
            declined.id, card_present(declined_data("stolen_card"))
        )

    for intent in (unpaid, held, declined):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.refunds.create({"payment_intent": intent.id})
        assert caught.value.user_message == (
            f"This PaymentIntent ({intent.id}) does not have a successful charge to "
            "refund."
        )


def test_refund_needs_a_charge_or_an_intent(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"amount": 100})

    assert caught.value.code == "parameter_missing"


def test_charge_and_intent_must_belong_together(client: stripe.StripeClient) -> None:
    first, second = paid_intent(client), paid_intent(client)

    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        client.v1.refunds.create(
            {"charge": str(first.latest_charge), "payment_intent": second.id}
        )


def test_refund_is_logged_with_what_changed_on_the_charge(
    client: stripe.StripeClient,
) -> None:
    intent = paid_intent(client, amount=10_00)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1_00})

    refunded, created = client.v1.events.list().data[:2]

    assert (created.type, refunded.type) == ("refund.created", "charge.refunded")
    assert refunded.to_dict()["data"]["previous_attributes"] == {"amount_refunded": 0}


def test_refund_is_booked_without_the_fee(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, amount=10_00)
    client.v1.refunds.create({"payment_intent": intent.id})

    booked = client.v1.balance_transactions.list().data

    assert [(each.type, each.amount, each.fee, each.net) for each in booked] == [
        ("refund", -10_00, 0, -10_00),
        ("charge", 10_00, 32, 9_68),
    ]


def test_balance_transactions_are_found_by_source_and_never_by_payout(
    client: stripe.StripeClient,
) -> None:
    charge = str(paid_intent(client).latest_charge)
    paid_intent(client)

    of_charge = client.v1.balance_transactions.list({"source": charge}).data
    of_payout = client.v1.balance_transactions.list({"payout": "po_1"}).data

    assert [each.source for each in of_charge] == [charge]
    assert of_payout == []


def test_refunds_are_found_by_charge_and_by_intent(
    client: stripe.StripeClient,
) -> None:
    first, second = paid_intent(client), paid_intent(client)
    of_first = client.v1.refunds.create({"payment_intent": first.id})
    of_second = client.v1.refunds.create({"payment_intent": second.id})

    by_intent = client.v1.refunds.list({"payment_intent": first.id}).data
    by_charge = client.v1.refunds.list({"charge": str(second.latest_charge)}).data

    assert [refund.id for refund in by_intent] == [of_first.id]
    assert [refund.id for refund in by_charge] == [of_second.id]


def test_many_refunds_of_a_charge_are_followed_page_by_page(
    client: stripe.StripeClient,
) -> None:
    charge_id = str(paid_intent(client, amount=12_00).latest_charge)
    client.v1.refunds.create({"charge": str(paid_intent(client).latest_charge)})
    made = [
        client.v1.refunds.create({"charge": charge_id, "amount": 1_00}).id
        for _ in range(12)
    ]

    charge = client.v1.charges.retrieve(charge_id, {"expand": ["refunds"]})

    assert charge.refunds is not None
    assert len(charge.refunds.data) == 10
    found = [refund.id for refund in charge.refunds.auto_paging_iter()]
    assert found == made[::-1]


def test_refund_is_found_through_its_own_charge_only(server: StripeApiServer) -> None:
    client = server.client()
    first, second = paid_intent(client), paid_intent(client)
    refund = client.v1.refunds.create({"payment_intent": first.id})

    own, other = (
        server.request("GET", f"/v1/charges/{intent.latest_charge}/refunds/{refund.id}")
        for intent in (first, second)
    )

    assert own.json["id"] == refund.id
    assert (other.status, other.error["code"]) == (404, "resource_missing")


def test_refunds_metadata_can_change(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)
    refund = client.v1.refunds.create({"payment_intent": intent.id})

    updated = client.v1.refunds.update(refund.id, {"metadata": {"case": "12"}})
    untouched = client.v1.refunds.update(refund.id)

    assert updated.metadata is not None
    assert updated.metadata.to_dict() == {"case": "12"}
    assert untouched == updated


def test_charge_can_be_described_after_the_fact(client: stripe.StripeClient) -> None:
    charge_id = str(paid_intent(client).latest_charge)

    charge = client.v1.charges.update(
        charge_id,
        {
            "description": "Coffee",
            "fraud_details": {"user_report": "safe"},
            "metadata": {"till": "2"},
            "receipt_email": "jo@example.com",
            "shipping": {"name": "Jo", "address": {"city": "Rome"}},
            "transfer_group": "G1",
        },
    )
    cleared = client.v1.charges.update(charge_id, {"description": ""})

    assert (charge.description, charge.receipt_email) == ("Coffee", "jo@example.com")
    assert charge.metadata.to_dict() == {"till": "2"}
    assert charge.fraud_details is not None
    assert charge.fraud_details.user_report == "safe"
    assert (cleared.description, cleared.transfer_group) == (None, "G1")
    event = client.v1.events.list({"type": "charge.updated"}).data[0]
    assert event.to_dict()["data"]["previous_attributes"] == {"description": "Coffee"}
