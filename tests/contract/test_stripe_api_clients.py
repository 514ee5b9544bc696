"""The same behaviour through every official client: Python (two releases), Node, CLI."""

from __future__ import annotations

from typing import Any, cast

import pytest
from stripe_api_server import StripeApiServer, declined_data
from stripe_clients import ApiClient, Refused, card, new_intent, paid_intent

from simulator.clock import ManualClock
from simulator.stripe_api.engine.faults import AnswerStatus, FaultRule, LoseReply

pytest_plugins = ("stripe_api_fixtures", "stripe_clients_fixtures")


def test_payment_is_taken(api: ApiClient) -> None:
    intent = new_intent(
        api,
        capture_method="automatic",
        metadata={"order": "7"},
        description="Two coffees & cake",
    )

    paid = api.call(
        "payment_intents.confirm",
        intent["id"],
        expand=["latest_charge.balance_transaction"],
        **card(),
    )

    assert intent["status"] == "requires_payment_method"
    assert paid["status"] == "succeeded"
    assert paid["payment_method_types"] == ["card_present"]
    assert paid["metadata"] == {"order": "7"}
    assert paid["description"] == "Two coffees & cake"
    charge = paid["latest_charge"]
    assert charge["payment_method_details"]["card_present"]["last4"] == "4242"
    assert charge["balance_transaction"]["net"] == 10_50 - 33


def test_decline_names_its_reason_and_leaves_the_intent_usable(api: ApiClient) -> None:
    intent = new_intent(api)

    with pytest.raises(Refused) as caught:
        api.call(
            "payment_intents.confirm",
            intent["id"],
            **card(declined_data("insufficient_funds")),
        )
    paid = api.call("payment_intents.confirm", intent["id"], **card())

    assert caught.value.type in {"CardError", "card_error"}
    assert caught.value.error["code"] == "card_declined"
    assert caught.value.error["decline_code"] == "insufficient_funds"
    assert paid["status"] == "succeeded"


def test_held_payment_is_captured_in_part_or_released(api: ApiClient) -> None:
    held = [paid_intent(api, capture_method="manual") for _ in range(2)]

    captured = api.call(
        "payment_intents.capture", held[0]["id"], amount_to_capture=8_00
    )
    canceled = api.call(
        "payment_intents.cancel", held[1]["id"], cancellation_reason="duplicate"
    )

    assert [each["status"] for each in held] == ["requires_capture"] * 2
    assert (captured["status"], captured["amount_received"]) == ("succeeded", 8_00)
    assert (canceled["status"], canceled["cancellation_reason"]) == (
        "canceled",
        "duplicate",
    )


def test_refund_gives_back_no_more_than_was_taken(api: ApiClient) -> None:
    paid = paid_intent(api)

    refund = api.call("refunds.create", payment_intent=paid["id"], amount=10_00)
    with pytest.raises(Refused) as caught:
        api.call("refunds.create", payment_intent=paid["id"], amount=51)

    charge = api.call("charges.retrieve", paid["latest_charge"])
    assert refund["status"] == "succeeded"
    assert caught.value.error["param"] == "amount"
    assert (charge["amount_refunded"], charge["refunded"]) == (10_00, False)


def test_refusals_name_the_parameter(api: ApiClient) -> None:
    with pytest.raises(Refused) as missing:
        api.call("payment_intents.create", amount=10_50)
    with pytest.raises(Refused) as unknown:
        new_intent(api, tip="5")
    with pytest.raises(Refused) as no_such:
        api.call("payment_intents.retrieve", "pi_none")

    errors = [each.value.error for each in (missing, unknown, no_such)]
    assert [(error["code"], error["param"]) for error in errors] == [
        ("parameter_missing", "currency"),
        ("parameter_unknown", "tip"),
        ("resource_missing", "intent"),
    ]
    assert {each.value.type for each in (missing, unknown, no_such)} <= {
        "InvalidRequestError",
        "invalid_request_error",
    }


def test_metadata_change_key_by_key(api: ApiClient) -> None:
    intent = new_intent(api, metadata={"order": "7", "till": "2"})

    updated = api.call(
        "payment_intents.update", intent["id"], metadata={"till": "", "shift": "late"}
    )

    assert updated["metadata"] == {"order": "7", "shift": "late"}


def test_events_tell_what_happened(api: ApiClient) -> None:
    paid = paid_intent(api)

    events = api.all("events.list", type="payment_intent.*")

    assert [event["type"] for event in events] == [
        "payment_intent.succeeded",
        "payment_intent.created",
    ]
    assert events[0]["data"]["object"]["id"] == paid["id"]


def test_typed_in_card_pays_at_once(api: ApiClient) -> None:
    paid = api.call(
        "payment_intents.create",
        amount=10_50,
        currency="usd",
        payment_method="pm_card_visa",
        confirm=True,
        **{api.types_parameter: ["card"]},
    )

    assert paid["status"] == "succeeded"


def test_refund_fails_later_where_the_card_says_so(
    api: ApiClient, server: StripeApiServer
) -> None:
    paid = api.call(
        "payment_intents.create",
        amount=10_50,
        currency="usd",
        payment_method="pm_card_refundFail",
        confirm=True,
        **{api.types_parameter: ["card"]},
    )

    refund = api.call("refunds.create", payment_intent=paid["id"])
    cast("ManualClock", server.clock).advance(60)
    failed = api.call("refunds.retrieve", refund["id"])

    assert refund["status"] == "succeeded"
    assert (failed["status"], failed["failure_reason"]) == (
        "failed",
        "expired_or_canceled_card",
    )


def test_held_amount_is_raised_before_it_is_captured(api: ApiClient) -> None:
    options = {"request_incremental_authorization_support": True}
    held = paid_intent(
        api,
        capture_method="manual",
        payment_method_options={"card_present": options},
    )

    raised = api.call(
        "payment_intents.increment_authorization", held["id"], amount=20_00
    )
    captured = api.call("payment_intents.capture", held["id"])

    assert raised["amount_capturable"] == 20_00
    assert captured["amount_received"] == 20_00


def test_payments_are_searched_for(api: ApiClient) -> None:
    paid = paid_intent(api, metadata={"order": "7"})
    new_intent(api, metadata={"order": "8"})

    found = api.call(
        "payment_intents.search", query="status:'succeeded' AND metadata['order']:'7'"
    )

    assert [each["id"] for each in found["data"]] == [paid["id"]]


def test_balance_is_what_was_taken_less_fees(api: ApiClient) -> None:
    paid_intent(api, amount=100_00)
    paid_intent(api, amount=50_00)

    balance = api.call("balance.retrieve")

    assert balance["pending"][0]["amount"] == 150_00 - (2_75 + 1_40)


def test_same_idempotency_key_takes_money_once(api: ApiClient) -> None:
    intent = new_intent(api)
    once = {"idempotency_key": "till-2-order-7"}

    answers = [
        api.ask("payment_intents.confirm", intent["id"], params=card(), options=once)
        for _ in range(2)
    ]

    assert answers[0].body == answers[1].body
    assert len(api.all("charges.list", payment_intent=intent["id"])) == 1


def test_repeated_answer_is_marked_and_other_parameters_refused(
    library: ApiClient,
) -> None:
    once = {"idempotency_key": "once"}
    params = {"amount": 10_50, "currency": "usd"}

    first = library.ask("payment_intents.create", params=params, options=once)
    again = library.ask("payment_intents.create", params=params, options=once)
    with pytest.raises(Refused) as caught:
        library.ask(
            "payment_intents.create", params={**params, "amount": 5_00}, options=once
        )

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request"] == first.headers["request-id"]
    assert caught.value.type == "IdempotencyError"


def test_sdk_follows_pages_to_the_end(library: ApiClient) -> None:
    made = [new_intent(library)["id"] for _ in range(5)]

    found = library.all("payment_intents.list", limit=2)

    assert [intent["id"] for intent in found] == made[::-1]


@pytest.mark.parametrize("fault", [AnswerStatus(500), AnswerStatus(409), LoseReply()])
def test_sdk_retries_by_itself_and_charges_once(
    library: ApiClient, server: StripeApiServer, fault: Any
) -> None:
    intent = new_intent(library)
    server.api.faults.add(FaultRule(fault, path="*/confirm", times=1))

    paid = library.ask(
        "payment_intents.confirm",
        intent["id"],
        params=card(),
        options={"max_network_retries": 2},
    )

    assert paid.body["status"] == "succeeded"
    assert len(library.all("charges.list")) == 1


def test_wrong_key_is_an_authentication_error(library: ApiClient) -> None:
    with pytest.raises(Refused) as caught:
        library.ask(
            "payment_intents.list", options={"api_key": "pk_test_0123456789abcdef"}
        )

    assert caught.value.type == "AuthenticationError"


def test_rate_limit_is_reported_as_one(
    library: ApiClient, server: StripeApiServer
) -> None:
    server.api.faults.add(FaultRule(AnswerStatus(429), times=1))

    with pytest.raises(Refused) as caught:
        library.ask("payment_intents.list")

    assert caught.value.type == "RateLimitError"
