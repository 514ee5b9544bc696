"""Customers and their saved payment methods, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import card_present, new_intent, paid_intent

pytest_plugins = ("stripe_api_fixtures",)


def saved_card(client: stripe.StripeClient, customer: str) -> str:
    """The id of a card that a customer paid with in person and lets be kept."""
    intent = client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "customer": customer,
            "setup_future_usage": "off_session",
        }
    )
    params: Any = {**card_present(), "expand": ["latest_charge"]}
    paid: Any = client.v1.payment_intents.confirm(intent.id, params)
    generated: str = (
        paid.latest_charge.payment_method_details.card_present.generated_card
    )
    return generated


def test_customer_is_kept_as_sent(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {
            "name": "Jo Doe",
            "email": "jo@example.com",
            "phone": "+49301234567",
            "address": {"city": "Rome"},
            "shipping": {"name": "Jo", "address": {"line1": "Via 1"}},
            "metadata": {"loyalty": "7"},
            "preferred_locales": ["it"],
            "invoice_settings": {"footer": "Thanks"},
        }
    )

    kept = client.v1.customers.retrieve(customer.id)

    assert kept == customer
    assert (kept.name, kept.email) == ("Jo Doe", "jo@example.com")
    assert kept.address is not None
    assert (kept.address.city, kept.address.line1) == ("Rome", None)
    assert kept.invoice_settings is not None
    assert kept.invoice_settings.footer == "Thanks"


def test_update_unsets_what_is_sent_empty(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"name": "Jo", "address": {"city": "Rome"}, "metadata": {"a": "1"}}
    )

    updated = client.v1.customers.update(
        customer.id, {"name": "", "address": "", "metadata": {"a": "", "b": "2"}}
    )

    assert (updated.name, updated.address) == (None, None)
    assert updated.metadata is not None
    assert updated.metadata.to_dict() == {"b": "2"}
    event = client.v1.events.list({"type": "customer.updated"}).data[0]
    assert event.to_dict()["data"]["previous_attributes"]["name"] == "Jo"


def test_deleted_customer_answers_as_deleted(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    client.v1.customers.delete(customer.id)

    gone = client.v1.customers.retrieve(customer.id)

    assert gone.to_dict() == {"id": customer.id, "object": "customer", "deleted": True}
    assert client.v1.customers.list().data == []
    assert client.v1.events.list().data[0].type == "customer.deleted"


def test_customers_are_found_by_email(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "jo@example.com"})
    client.v1.customers.create({"email": "ann@example.com"})

    found = client.v1.customers.list({"email": "jo@example.com"}).data

    assert [customer.id for customer in found] == [first.id]


def test_payments_of_a_customer_are_found(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    intent = client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "customer": customer.id}
    )
    other = paid_intent(client)
    charge = client.v1.charges.update(
        str(other.latest_charge), {"customer": customer.id}
    )

    intents = client.v1.payment_intents.list({"customer": customer.id}).data
    charges = client.v1.charges.list({"customer": customer.id}).data

    assert [each.id for each in intents] == [intent.id]
    assert [each.id for each in charges] == [charge.id]


def test_customer_must_exist(client: stripe.StripeClient) -> None:
    intent = new_intent(client)
    refused: list[Any] = [
        lambda: client.v1.payment_intents.update(intent.id, {"customer": "cus_none"}),
        lambda: client.v1.payment_methods.list({"customer": "cus_none"}),
    ]

    for request in refused:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            request()
        assert caught.value.user_message == "No such customer: 'cus_none'"
        assert caught.value.param == "customer"


def test_card_used_in_person_is_kept_for_the_customer(
    client: stripe.StripeClient,
) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    card = saved_card(client, customer.id)

    of_customer = client.v1.customers.payment_methods.list(customer.id).data
    listed = client.v1.payment_methods.list({"customer": customer.id, "type": "card"})
    one = client.v1.customers.payment_methods.retrieve(customer.id, card)

    assert [method.id for method in of_customer] == [card]
    assert [method.id for method in listed.data] == [card]
    assert (one.id, one.customer) == (card, customer.id)


def test_card_is_detached_and_attached(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    card = saved_card(client, customer.id)

    detached = client.v1.payment_methods.detach(card)
    attached = client.v1.payment_methods.attach(card, {"customer": customer.id})

    assert (detached.customer, attached.customer) == (None, customer.id)
    attached_event, detached_event = client.v1.events.list().data[:2]
    assert attached_event.type == "payment_method.attached"
    assert detached_event.type == "payment_method.detached"


def test_new_customer_can_bring_a_card(client: stripe.StripeClient) -> None:
    card = saved_card(client, client.v1.customers.create({"name": "Jo"}).id)
    client.v1.payment_methods.detach(card)

    customer = client.v1.customers.create({"payment_method": card})

    assert client.v1.payment_methods.retrieve(card).customer == customer.id


def test_attaching_and_detaching_twice_is_refused(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    card = saved_card(client, customer.id)

    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(card, {"customer": customer.id})
    client.v1.payment_methods.detach(card)
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(card)


def test_card_that_was_present_cannot_be_attached(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    method = str(paid_intent(client).payment_method)

    with pytest.raises(stripe.InvalidRequestError, match="card_present cannot be"):
        client.v1.payment_methods.attach(method, {"customer": customer.id})


def test_cards_of_others_are_missing(client: stripe.StripeClient) -> None:
    jo, ann = (client.v1.customers.create({"name": name}).id for name in ("Jo", "Ann"))
    card = saved_card(client, jo)

    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        client.v1.customers.payment_methods.retrieve(ann, card)


def test_deleting_a_customer_detaches_their_cards(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"})
    card = saved_card(client, customer.id)

    client.v1.customers.delete(customer.id)

    assert client.v1.payment_methods.retrieve(card).customer is None


def test_payment_method_can_be_described(client: stripe.StripeClient) -> None:
    card = saved_card(client, client.v1.customers.create({"name": "Jo"}).id)

    updated = client.v1.payment_methods.update(
        card,
        {
            "allow_redisplay": "always",
            "billing_details": {
                "name": "Jo",
                "email": "jo@example.com",
                "phone": "+49",
                "tax_id": "1",
                "address": {"city": "Rome"},
            },
            "metadata": {"a": "1"},
        },
    )
    cleared = client.v1.payment_methods.update(card, {"billing_details": {"name": ""}})

    assert updated.allow_redisplay == "always"
    assert updated.billing_details.name == "Jo"
    assert updated.billing_details.address is not None
    assert updated.billing_details.address.city == "Rome"
    assert (cleared.billing_details.name, cleared.billing_details.phone) == (
        None,
        "+49",
    )
