"""SetupIntents with cards that were typed in, through the official client."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer, card_present

pytest_plugins = ("stripe_api_fixtures",)


def create(client: stripe.StripeClient, **changes: Any) -> stripe.SetupIntent:
    """An intent to keep a card."""
    sent: Any = {"allowed_payment_method_types": ["card"], **changes}
    return client.v1.setup_intents.create(sent)


def test_card_is_kept_for_the_customer(server: StripeApiServer) -> None:
    client = server.client()
    customer = client.v1.customers.create()

    intent = create(
        client, customer=customer.id, payment_method="pm_card_visa", confirm=True
    )

    (kept,) = client.v1.customers.payment_methods.list(customer.id).data
    (attempt,) = client.v1.setup_attempts.list({"setup_intent": intent.id}).data
    assert (intent.status, intent.payment_method) == ("succeeded", kept.id)
    assert attempt.payment_method_details.card is not None
    assert attempt.payment_method_details.card.last4 == "4242"
    assert list(server.witness.problems()) == []


def test_card_is_chosen_first_and_confirmed_later(client: stripe.StripeClient) -> None:
    intent = create(client)

    chosen = client.v1.setup_intents.update(
        intent.id, {"payment_method": "pm_card_visa"}
    )
    kept = client.v1.setup_intents.confirm(intent.id)

    assert (intent.status, chosen.status) == (
        "requires_payment_method",
        "requires_confirmation",
    )
    assert (kept.status, kept.payment_method) == ("succeeded", chosen.payment_method)


def test_card_comes_along_by_its_token(client: stripe.StripeClient) -> None:
    data: Any = {"type": "card", "card": {"token": "tok_mastercard"}}

    assert create(client, payment_method_data=data, confirm=True).status == "succeeded"


def test_card_comes_by_confirmation_token(client: stripe.StripeClient) -> None:
    token = client.v1.test_helpers.confirmation_tokens.create(
        {"payment_method": "pm_card_visa"}
    )

    intent = create(client, confirmation_token=token.id, confirm=True)

    used = client.v1.confirmation_tokens.retrieve(token.id)
    assert (intent.status, used.setup_intent) == ("succeeded", intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="already been used"):
        create(client, confirmation_token=token.id, confirm=True)


def test_declined_card_is_not_kept(server: StripeApiServer) -> None:
    client = server.client()
    intent = create(client)

    with pytest.raises(stripe.CardError) as caught:
        client.v1.setup_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclined"}
        )

    after = client.v1.setup_intents.retrieve(intent.id)
    assert caught.value.code == "card_declined"
    assert after.status == "requires_payment_method"
    assert after.last_setup_error is not None
    assert after.last_setup_error.decline_code == "generic_decline"
    assert list(server.witness.problems()) == []


@pytest.mark.parametrize(
    ("automatic", "outcome"),
    [
        ({"enabled": True, "allow_redirects": "never"}, "succeeded"),
        ({"enabled": False}, "succeeded"),
        ({"enabled": True}, None),
    ],
)
def test_redirects_must_lead_back(
    client: stripe.StripeClient, automatic: Any, outcome: str | None
) -> None:
    intent = client.v1.setup_intents.create({"automatic_payment_methods": automatic})
    method: Any = {"payment_method": "pm_card_visa"}

    if outcome is None:
        with pytest.raises(stripe.InvalidRequestError, match="return_url"):
            client.v1.setup_intents.confirm(intent.id, method)
    else:
        confirmed = client.v1.setup_intents.confirm(intent.id, method)
        assert confirmed.status == outcome


def test_typed_in_card_is_not_present(client: stripe.StripeClient) -> None:
    intent = create(client, allowed_payment_method_types=["card_present"])

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert caught.value.code == "setup_intent_invalid_parameter"


def test_card_is_not_changed_once_kept(client: stripe.StripeClient) -> None:
    intent = create(client, payment_method="pm_card_visa", confirm=True)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.setup_intents.update(intent.id, {"payment_method": "pm_card_amex"})

    assert caught.value.code == "setup_intent_unexpected_state"


def test_read_card_is_taken_only_when_confirming(client: stripe.StripeClient) -> None:
    data: Any = card_present()

    with pytest.raises(stripe.InvalidRequestError, match="only when confirming"):
        create(client, allowed_payment_method_types=["card_present"], **data)
