"""SetupIntents with cards read by a local reader, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import (
    INTERAC_DATA,
    UNREADABLE_DATA,
    WALLET_DATA,
    StripeApiServer,
    card_present,
    declined_data,
    paid_intent,
)

pytest_plugins = ("stripe_api_fixtures",)


def new_setup(client: stripe.StripeClient, **params: Any) -> stripe.SetupIntent:
    """A SetupIntent for a card that will be present."""
    wanted: Any = {"allowed_payment_method_types": ["card_present"], **params}
    return client.v1.setup_intents.create(wanted)


def confirmed(
    client: stripe.StripeClient, intent: stripe.SetupIntent, data: Any = None
) -> stripe.SetupIntent:
    """The intent after a reader's data were sent."""
    params: Any = card_present() if data is None else card_present(data)
    return client.v1.setup_intents.confirm(intent.id, params)


def test_card_is_kept_for_the_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"}).id
    params: Any = card_present()
    params["payment_method_data"]["allow_redisplay"] = "always"
    params["expand"] = [
        "latest_attempt.payment_method_details.card_present.generated_card"
    ]
    intent: Any = client.v1.setup_intents.confirm(
        new_setup(client, customer=customer).id, params
    )

    details = intent.latest_attempt.payment_method_details.card_present
    kept = details.generated_card
    assert intent.status == "succeeded"
    assert (kept.type, kept.card.last4, kept.customer) == ("card", "4242", customer)
    assert kept.allow_redisplay == "always"
    assert kept.card.generated_from.setup_attempt == intent.latest_attempt.id


def test_events_tell_of_the_setup(client: stripe.StripeClient) -> None:
    confirmed(client, new_setup(client))

    types = [event.type for event in client.v1.events.list().data]

    assert types == ["setup_intent.succeeded", "setup_intent.created"]


def test_issuer_is_asked_without_an_amount(server: StripeApiServer) -> None:
    client = server.client()
    confirmed(client, new_setup(client))

    assert [asked.amount for asked in server.issuer.asked] == [0]


def test_declined_card_can_be_followed_by_another(client: stripe.StripeClient) -> None:
    intent = new_setup(client)
    with pytest.raises(stripe.CardError) as caught:
        confirmed(client, intent, declined_data("generic_decline"))

    failed = client.v1.setup_intents.retrieve(intent.id)
    again = confirmed(client, intent)

    assert caught.value.code == "setup_intent_authentication_failure"
    assert failed.status == "requires_payment_method"
    assert failed.last_setup_error is not None
    assert failed.last_setup_error.decline_code == "generic_decline"
    assert (again.status, again.last_setup_error) == ("succeeded", None)
    attempts = client.v1.setup_attempts.list({"setup_intent": intent.id}).data
    assert [attempt.status for attempt in attempts] == ["succeeded", "failed"]


def test_unreadable_card_data_change_nothing(client: stripe.StripeClient) -> None:
    intent = new_setup(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        confirmed(client, intent, UNREADABLE_DATA)

    assert caught.value.code == "card_data_unreadable"
    assert client.v1.setup_intents.retrieve(intent.id) == intent


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (INTERAC_DATA, "setup_intent_invalid_parameter"),
        (WALLET_DATA, "setup_intent_mobile_wallet_unsupported"),
    ],
)
def test_card_that_cannot_pay_later_is_not_kept(
    client: stripe.StripeClient, data: bytes, code: str
) -> None:
    intent = new_setup(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        confirmed(client, intent, data)

    assert caught.value.code == code
    assert client.v1.setup_intents.retrieve(intent.id) == intent


def test_setup_can_be_confirmed_when_created(client: stripe.StripeClient) -> None:
    intent = new_setup(client, confirm=True, **card_present())

    assert intent.status == "succeeded"


def test_finished_setup_cannot_be_confirmed_or_canceled(
    client: stripe.StripeClient,
) -> None:
    intent = confirmed(client, new_setup(client))

    with pytest.raises(stripe.InvalidRequestError, match="cannot confirm") as caught:
        confirmed(client, intent)
    with pytest.raises(stripe.InvalidRequestError, match="cannot cancel"):
        client.v1.setup_intents.cancel(intent.id)

    assert caught.value.code == "setup_intent_unexpected_state"
    body: Any = caught.value.json_body
    assert body["error"]["setup_intent"]["id"] == intent.id


def test_setup_is_canceled(client: stripe.StripeClient) -> None:
    intent = client.v1.setup_intents.cancel(
        new_setup(client).id, {"cancellation_reason": "abandoned"}
    )

    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")


def test_update_changes_what_is_sent(client: stripe.StripeClient) -> None:
    intent = new_setup(client, metadata={"a": "1"})

    updated = client.v1.setup_intents.update(
        intent.id, {"description": "For the tab", "metadata": {"b": "2"}}
    )

    assert updated.description == "For the tab"
    assert updated.metadata is not None
    assert updated.metadata.to_dict() == {"a": "1", "b": "2"}


def test_setup_needs_a_card_that_fits(client: stripe.StripeClient) -> None:
    online = client.v1.setup_intents.create()
    used = str(paid_intent(client).payment_method)

    with pytest.raises(stripe.InvalidRequestError, match="is not allowed for this"):
        confirmed(client, online)
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.setup_intents.confirm(online.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.setup_intents.confirm(online.id, {"payment_method": used})
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.setup_intents.update(online.id, {"payment_method": used})
    with pytest.raises(stripe.InvalidRequestError, match="only when confirming"):
        new_setup(client, **card_present())


def test_setups_are_found_by_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Jo"}).id
    mine = new_setup(client, customer=customer)
    new_setup(client)

    def ids(params: Any) -> list[str]:
        return [intent.id for intent in client.v1.setup_intents.list(params).data]

    assert ids({"customer": customer}) == [mine.id]
    assert ids({"customer": customer, "attach_to_self": True}) == []


def test_attempts_are_listed_by_setup(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="param: setup_intent"):
        client.v1.setup_attempts.list(params={})  # type: ignore[typeddict-item]
