"""List pages and the event log, through the official SDK's own pagination."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer, new_intent, paid_intent, serving

pytest_plugins = ("stripe_api_fixtures",)


def ids(page: Any) -> list[str]:
    """The ids on a page."""
    return [item.id for item in page.data]


def test_list_is_newest_first_and_ten_long(client: stripe.StripeClient) -> None:
    created = [new_intent(client).id for _ in range(12)]

    page = client.v1.payment_intents.list()

    assert ids(page) == created[:1:-1]
    assert page.has_more
    assert page.url == "/v1/payment_intents"


def test_pages_are_walked_to_the_end(client: stripe.StripeClient) -> None:
    created = [new_intent(client).id for _ in range(7)]

    pages = client.v1.payment_intents.list({"limit": 3})

    assert [intent.id for intent in pages.auto_paging_iter()] == created[::-1]


def test_pages_are_walked_backwards(client: stripe.StripeClient) -> None:
    created = [new_intent(client).id for _ in range(5)]

    page = client.v1.payment_intents.list({"limit": 2, "ending_before": created[0]})
    rest = client.v1.payment_intents.list({"limit": 2, "ending_before": created[2]})

    assert (ids(page), page.has_more) == ([created[2], created[1]], True)
    assert (ids(rest), rest.has_more) == ([created[4], created[3]], False)


def test_cursors_go_with_filters(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)
    refunds = [
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 100}).id
        for _ in range(4)
    ]
    other = paid_intent(client)
    client.v1.refunds.create({"payment_intent": other.id})

    def listed(**cursor: str) -> list[str]:
        params: Any = {"payment_intent": intent.id, "limit": 2, **cursor}
        return ids(client.v1.refunds.list(params))

    assert listed() == [refunds[3], refunds[2]]
    assert listed(starting_after=refunds[2]) == [refunds[1], refunds[0]]
    assert listed(ending_before=refunds[0]) == [refunds[2], refunds[1]]


def test_deleted_objects_leave_no_gap(client: stripe.StripeClient) -> None:
    readers = client.v1.terminal.readers
    first, second, third = (
        readers.create({"registration_code": "simulated-wpe"}).id for _ in range(3)
    )
    readers.delete(second)

    assert ids(readers.list()) == [third, first]
    assert ids(readers.list({"starting_after": third})) == [first]
    assert ids(readers.list({"ending_before": first})) == [third]


def test_both_cursors_at_once_are_refused(client: stripe.StripeClient) -> None:
    intent = new_intent(client).id

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.list(
            {"starting_after": intent, "ending_before": intent}
        )

    assert caught.value.code == "parameters_exclusive"


def test_cursor_must_name_an_object(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.list({"starting_after": "pi_none"})

    assert (caught.value.code, caught.value.param) == (
        "resource_missing",
        "starting_after",
    )


@pytest.mark.parametrize("limit", [0, 101])
def test_limit_is_between_one_and_a_hundred(
    client: stripe.StripeClient, limit: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="than or equal to"):
        client.v1.payment_intents.list({"limit": limit})


def test_events_are_found_by_type(client: stripe.StripeClient) -> None:
    paid_intent(client)

    def types(params: Any) -> list[str]:
        return [event.type for event in client.v1.events.list(params).data]

    assert types({"type": "charge.succeeded"}) == ["charge.succeeded"]
    assert types({"type": "payment_intent.*"}) == [
        "payment_intent.succeeded",
        "payment_intent.created",
    ]
    assert types({"types": ["charge.succeeded", "payment_intent.created"]}) == [
        "charge.succeeded",
        "payment_intent.created",
    ]
    assert types({"delivery_success": False}) == []


def test_event_types_are_given_one_way_only(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.events.list({"type": "charge.failed", "types": ["charge.failed"]})

    assert caught.value.code == "parameters_exclusive"


def test_events_are_found_by_time(server: StripeApiServer) -> None:
    client = server.client()
    created = new_intent(client).created

    assert len(client.v1.events.list({"created": created}).data) == 1
    assert client.v1.events.list({"created": created + 1}).data == []
    assert client.v1.events.list({"created": {"gt": created}}).data == []


def test_event_keeps_the_object_as_it_was(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)
    created = client.v1.events.list({"type": "payment_intent.created"}).data[0]

    event = client.v1.events.retrieve(created.id).to_dict()

    assert intent.status == "succeeded"
    assert event["data"]["object"]["status"] == "requires_payment_method"
    assert event["api_version"] == "2026-10-28.endive"


def test_event_names_the_request_that_caused_it(server: StripeApiServer) -> None:
    answer = server.request(
        "POST",
        "/v1/payment_intents",
        body=b"amount=100&currency=usd",
        headers={"Idempotency-Key": "create-1"},
    )

    event = server.client().v1.events.list().data[0]

    assert event.request is not None
    assert event.request.id == answer.headers["request-id"]
    assert event.request.idempotency_key == "create-1"


def test_listeners_hear_events_as_they_happen() -> None:
    heard: list[str] = []
    with serving() as server:
        server.api.add_listener(lambda event: heard.append(event["type"]))
        new_intent(server.client())

    assert heard == ["payment_intent.created"]
