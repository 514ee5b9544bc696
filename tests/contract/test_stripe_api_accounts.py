"""The one account: what `Stripe-Account` may name, through the official client."""

from __future__ import annotations

import pytest
import stripe
from stripe_api_server import StripeApiServer

pytest_plugins = ("stripe_api_fixtures",)

OWN = "acct_1CardlaneSimulator"


def test_own_account_can_be_named(client: stripe.StripeClient) -> None:
    account = client.v1.accounts.retrieve_current({}, {"stripe_account": OWN})

    assert account.id == OWN


def test_no_other_account_is_connected(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.PermissionError) as caught:
        client.v1.balance.retrieve({}, {"stripe_account": "acct_other"})

    assert caught.value.http_status == 403
    assert caught.value.error is not None
    assert caught.value.error.code == "account_invalid"
    assert caught.value.user_message == (
        "The provided key 'sk_test_***************6789' does not have access to "
        "account 'acct_other' (or that account does not exist). Application access "
        "may have been revoked."
    )


def test_request_for_another_account_has_no_effect(server: StripeApiServer) -> None:
    client = server.client()

    with pytest.raises(stripe.PermissionError):
        client.v1.customers.create({}, {"stripe_account": "acct_other"})

    assert client.v1.customers.list().data == []
