"""The account's balance as money comes, settles and is given back."""

from __future__ import annotations

import stripe
from stripe_api_server import StripeApiServer, card_present, paid_intent

from simulator.clock import ManualClock

pytest_plugins = ("stripe_api_fixtures",)

TWO_DAYS_S = 2 * 24 * 60 * 60


def amounts(client: stripe.StripeClient) -> tuple[dict[str, int], dict[str, int]]:
    """What is available and what is pending, by currency."""
    balance = client.v1.balance.retrieve()
    return (
        {funds.currency: funds.amount for funds in balance.available},
        {funds.currency: funds.amount for funds in balance.pending},
    )


def test_new_account_has_nothing(client: stripe.StripeClient) -> None:
    assert amounts(client) == ({"usd": 0}, {"usd": 0})


def test_payment_is_pending_less_its_fee(client: stripe.StripeClient) -> None:
    paid_intent(client, amount=10_00)

    assert amounts(client) == ({"usd": 0}, {"usd": 9_68})


def test_refund_takes_the_whole_amount_back(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, amount=10_00)
    client.v1.refunds.create({"payment_intent": intent.id})

    assert amounts(client) == ({"usd": 0}, {"usd": -32})


def test_money_is_available_after_two_days(server: StripeApiServer) -> None:
    assert isinstance(server.clock, ManualClock)
    client = server.client()
    charge = str(paid_intent(client, amount=10_00).latest_charge)

    server.clock.advance(TWO_DAYS_S)
    paid_intent(client, amount=20_00)

    assert amounts(client) == ({"usd": 9_68}, {"usd": 19_41})
    [booked] = client.v1.balance_transactions.list({"source": charge}).data
    assert booked.status == "available"


def test_currencies_are_kept_apart(client: stripe.StripeClient) -> None:
    paid_intent(client, amount=10_00)
    intent = client.v1.payment_intents.create(
        {
            "amount": 10_00,
            "currency": "eur",
            "allowed_payment_method_types": ["card_present"],
        }
    )
    client.v1.payment_intents.confirm(intent.id, card_present())

    assert amounts(client)[1] == {"eur": 9_68, "usd": 9_68}
