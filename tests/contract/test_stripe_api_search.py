"""Search operations, through the official SDK's own pagination."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import new_intent, paid_intent

pytest_plugins = ("stripe_api_fixtures",)


def test_payment_intents_are_searched_by_status_and_amount(
    client: stripe.StripeClient,
) -> None:
    paid = paid_intent(client, amount=2000)
    new_intent(client, amount=2000)
    paid_intent(client, amount=1000)

    found = client.v1.payment_intents.search(
        {"query": "status:'succeeded' AND amount>1500"}
    )

    assert [intent.id for intent in found.data] == [paid.id]


def test_charges_are_searched_by_card(client: stripe.StripeClient) -> None:
    paid_intent(client)

    def count(last4: str) -> int:
        field = "payment_method_details.card_present.last4"
        return len(client.v1.charges.search({"query": f"{field}:{last4}"}).data)

    assert (count("4242"), count("1111")) == (1, 0)


def test_customers_are_searched_by_name_and_metadata(
    client: stripe.StripeClient,
) -> None:
    jo = client.v1.customers.create({"name": "Jo Doe", "metadata": {"tier": "gold"}})
    client.v1.customers.create({"name": "Ann Roe", "metadata": {"tier": "gold"}})

    found = client.v1.customers.search(
        {"query": "name~'doe' AND metadata['tier']:'gold'"}
    )

    assert [customer.id for customer in found.data] == [jo.id]


def test_search_is_walked_page_by_page(client: stripe.StripeClient) -> None:
    created = [new_intent(client).id for _ in range(5)]

    pages = client.v1.payment_intents.search({"query": "amount>0", "limit": 2})

    assert pages.has_more
    assert [intent.id for intent in pages.auto_paging_iter()] == created[::-1]


def test_total_count_is_there_when_expanded(client: stripe.StripeClient) -> None:
    for _ in range(3):
        paid_intent(client)
    plain: Any = client.v1.payment_intents.search({"query": "amount>0", "limit": 1})
    counted: Any = client.v1.payment_intents.search(
        {
            "query": "amount>0",
            "limit": 1,
            "expand": ["total_count", "data.latest_charge"],
        }
    )

    assert "total_count" not in plain
    assert counted.total_count == 3
    assert counted.data[0].latest_charge.object == "charge"


def test_bad_query_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.search({"query": "shoe_size:43"})

    assert caught.value.param == "query"


def test_bad_page_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="page token"):
        client.v1.payment_intents.search({"query": "amount>0", "page": "nowhere"})


def test_total_count_is_for_searches_only(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.payment_intents.list({"expand": ["total_count"]})
