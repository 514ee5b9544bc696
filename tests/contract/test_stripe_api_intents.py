"""Creating and changing PaymentIntents: amounts, types, versions and metadata."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer, new_intent, paid_intent

pytest_plugins = ("stripe_api_fixtures",)

OLD_VERSION: Any = {"stripe_version": "2026-08-26.dahlia"}


def test_amount_below_the_currencys_minimum_is_refused(
    client: stripe.StripeClient,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_intent(client, amount=49)

    assert caught.value.code == "amount_too_small"
    assert caught.value.param == "amount"
    assert caught.value.user_message == "Amount must be at least $0.50 usd"


def test_amount_above_eight_digits_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_intent(client, amount=100_000_000)

    assert caught.value.code == "amount_too_large"
    assert caught.value.user_message == "Amount must be no more than $999,999.99"


@pytest.mark.parametrize(
    ("currency", "amount", "message"),
    [
        ("jpy", 49, "Amount must be at least ¥50 jpy"),
        ("gbp", 29, "Amount must be at least £0.30 gbp"),
        ("czk", 1499, "Amount must be at least 15.00 czk"),
    ],
)
def test_minimum_depends_on_the_currency(
    client: stripe.StripeClient, currency: str, amount: int, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": amount, "currency": currency})

    assert caught.value.user_message == message


def test_currency_may_be_in_capitals(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "EUR"})

    assert intent.currency == "eur"


def test_unknown_currency_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid currency: xxx"):
        client.v1.payment_intents.create({"amount": 100, "currency": "xxx"})


def test_new_name_of_the_types_is_unknown_before_its_version(
    client: stripe.StripeClient,
) -> None:
    new: Any = {
        "amount": 100,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
    }
    old: Any = {
        "amount": 100,
        "currency": "usd",
        "payment_method_types": ["card_present"],
    }
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        client.v1.payment_intents.create(new, OLD_VERSION)

    intent = client.v1.payment_intents.create(old, OLD_VERSION)
    assert intent.payment_method_types == ["card_present"]


def test_old_name_of_the_types_is_unknown_since_its_removal(
    client: stripe.StripeClient,
) -> None:
    params: Any = {
        "amount": 100,
        "currency": "usd",
        "payment_method_types": ["card_present"],
    }
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params)

    assert caught.value.code == "parameter_unknown"
    assert caught.value.param == "payment_method_types"


def test_unknown_payment_method_type_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cheque is invalid"):
        client.v1.payment_intents.create(
            {
                "amount": 100,
                "currency": "usd",
                "allowed_payment_method_types": ["cheque"],
            }
        )


def test_types_and_automatic_methods_exclude_each_other(
    client: stripe.StripeClient,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(
            {
                "amount": 100,
                "currency": "usd",
                "allowed_payment_method_types": ["card_present"],
                "automatic_payment_methods": {"enabled": True},
            }
        )

    assert caught.value.code == "parameters_exclusive"


def test_automatic_methods_can_be_chosen_or_turned_off(
    client: stripe.StripeClient,
) -> None:
    intents = client.v1.payment_intents
    chosen = intents.create(
        {
            "amount": 100,
            "currency": "usd",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    off = intents.create(
        {
            "amount": 100,
            "currency": "usd",
            "automatic_payment_methods": {"enabled": False},
        }
    )

    assert chosen.automatic_payment_methods is not None
    assert chosen.automatic_payment_methods.allow_redirects == "never"
    assert (off.automatic_payment_methods, off.payment_method_types) == (None, ["card"])


def test_update_changes_what_is_sent_and_nothing_else(
    client: stripe.StripeClient,
) -> None:
    intent = new_intent(client)

    updated = client.v1.payment_intents.update(
        intent.id, {"amount": 2000, "description": "Two coffees"}
    )

    before, after = intent.to_dict(), updated.to_dict()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"amount", "description"}
    assert client.v1.payment_intents.retrieve(intent.id) == updated


def test_empty_value_unsets_a_field(client: stripe.StripeClient) -> None:
    intent = new_intent(client)
    client.v1.payment_intents.update(intent.id, {"description": "Coffee"})

    updated = client.v1.payment_intents.update(intent.id, {"description": ""})

    assert updated.description is None


def test_amount_of_a_paid_intent_cannot_change(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.update(intent.id, {"amount": 2000})

    assert caught.value.user_message == (
        "This PaymentIntent's amount could not be updated because it has a status of "
        "succeeded. You may only update the amount of a PaymentIntent with one of the "
        "following statuses: requires_payment_method, requires_confirmation, "
        "requires_action."
    )


def test_description_of_a_paid_intent_can_change(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)

    updated = client.v1.payment_intents.update(intent.id, {"description": "Paid"})

    assert (updated.status, updated.description) == ("succeeded", "Paid")


def test_metadata_are_merged_key_by_key(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 100, "currency": "usd", "metadata": {"order": "7", "till": "2"}}
    )

    updated = client.v1.payment_intents.update(
        intent.id, {"metadata": {"till": "", "0": "zero"}}
    )
    cleared = client.v1.payment_intents.update(intent.id, {"metadata": ""})

    assert updated.metadata.to_dict() == {"order": "7", "0": "zero"}
    assert cleared.metadata.to_dict() == {}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"k" * 41: "v"}, "Metadata keys can have up to 40 characters"),
        ({"k": "v" * 501}, "Metadata values can have up to 500 characters"),
        ({f"k{n}": "v" for n in range(51)}, "up to 50 metadata keys"),
        ({"k": {"nested": "v"}}, "Invalid string"),
    ],
)
def test_metadata_have_limits(
    client: stripe.StripeClient, metadata: Any, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message):
        client.v1.payment_intents.create(
            {"amount": 100, "currency": "usd", "metadata": metadata}
        )


def test_options_keep_what_an_update_does_not_send(
    client: stripe.StripeClient,
) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 100,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "payment_method_options": {
                "card_present": {"request_extended_authorization": True}
            },
        }
    )

    updated = client.v1.payment_intents.update(
        intent.id,
        {"payment_method_options": {"card_present": {"capture_method": "manual"}}},
    )
    unset = client.v1.payment_intents.update(
        intent.id, {"payment_method_options": {"card_present": ""}}
    )

    assert options_of(updated) == {
        "capture_method": "manual",
        "request_extended_authorization": True,
        "request_incremental_authorization_support": False,
    }
    assert options_of(unset) == {
        "request_extended_authorization": False,
        "request_incremental_authorization_support": False,
    }


def test_shipping_is_kept_and_unset(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 100,
            "currency": "usd",
            "shipping": {"name": "Jo", "address": {"city": "Rome"}},
        }
    )
    unset = client.v1.payment_intents.update(intent.id, {"shipping": ""})

    assert intent.shipping is not None
    assert intent.shipping.address is not None
    assert (intent.shipping.name, intent.shipping.address.city) == ("Jo", "Rome")
    assert unset.shipping is None


def test_at_least_one_type_is_needed(server: StripeApiServer) -> None:
    body = {"amount": 100, "currency": "usd", "allowed_payment_method_types": []}

    answer = server.request("POST", "/v1/payment_intents", json_body=body)

    assert answer.status == 400
    assert answer.error["param"] == "payment_method_types"


def test_intents_are_listed_by_time_of_creation(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client)

    def ids(**created: int) -> list[str]:
        params: Any = {"created": created}
        return [each.id for each in client.v1.payment_intents.list(params).data]

    assert ids(gte=intent.created) == ids(lte=intent.created) == [intent.id]
    assert ids(gt=intent.created) == ids(lt=intent.created) == []


def test_reference_to_a_kind_without_objects_is_missing(
    client: stripe.StripeClient,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(
            {"amount": 100, "currency": "usd", "on_behalf_of": "acct_1"}
        )

    assert (caught.value.code, caught.value.param) == (
        "resource_missing",
        "on_behalf_of",
    )


def options_of(intent: stripe.PaymentIntent) -> Any:
    """The options for present cards."""
    return intent.to_dict()["payment_method_options"]["card_present"]
