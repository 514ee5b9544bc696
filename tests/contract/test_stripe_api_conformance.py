"""Every operation takes and answers what the official SDK's types declare."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import stripe
from stripe_api_server import (
    StripeApiServer,
    card_present,
    declined_data,
    new_intent,
)
from stripe_api_tour import LAST_STEPS, STEPS, Tour
from stripe_sdk_operations import sdk_operation
from stripe_sdk_parameters import differences
from stripe_sdk_types import violations

from simulator.stripe_api.engine.operations import Operation

pytest_plugins = ("stripe_api_fixtures",)

BEYOND_THE_SDK = {
    # Stripe serves it elsewhere, and it is no JSON.
    "GET /v1/files/{file}/contents",
    # Its services lead to them by the pages of an expanded list only.
    "GET /v1/charges/{charge}/refunds",
    "GET /v1/charges/{charge}/refunds/{refund}",
}
"""What none of the SDK's services has a method for."""

INTENDED = {
    # The simulator's own addition, documented in docs/stripe-api.md.
    "[payment_method_data][card_present]: unknown to the SDK",
    "POST /v1/refunds [payment_method_data]: unknown to the SDK",
    # Stripe takes it, and its documentation shows it with test tokens.
    "[payment_method_data][card]: unknown to the SDK",
    # Stripe takes Kana and Kanji instead in Japan, where Terminal addresses differ.
    "POST /v1/terminal/locations [address]: is not required",
    "POST /v1/terminal/locations [display_name]: is not required",
    # What the SDK offers instead belongs to Connect's accounts, which are not here.
    "POST /v1/payment_methods/{payment_method}/attach [customer]: is not required",
}


def test_every_operation_answers_what_the_sdk_declares(server: StripeApiServer) -> None:
    tour = Tour(server)

    tour.take(STEPS)
    tour.read_everything()
    tour.take(LAST_STEPS)

    assert server.witness.answered() == {_name(each) for each in server.api.operations}
    assert list(server.witness.problems()) == []


def test_every_operation_is_one_of_the_sdk(server: StripeApiServer) -> None:
    unknown = {
        _name(each)
        for each in server.api.operations
        if sdk_operation(each.method, each.path) is None
    }

    assert unknown == BEYOND_THE_SDK


def test_every_operation_takes_what_the_sdk_declares(server: StripeApiServer) -> None:
    found = [
        f"{_name(operation)} {difference}"
        for operation in server.api.operations
        for difference in _differences(operation)
    ]

    assert [
        each for each in found if not any(each.endswith(known) for known in INTENDED)
    ] == []


def test_decline_is_what_the_sdk_declares(server: StripeApiServer) -> None:
    client = server.client()
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(
            new_intent(client).id, card_present(declined_data("lost_card"))
        )

    body: Any = caught.value.json_body
    assert list(violations(body["error"], stripe.ErrorObject)) == []


def test_checker_notices_unknown_missing_and_mistyped_fields() -> None:
    token = {"object": "terminal.connection_token", "secret": 7, "surprise": None}

    found = list(violations(token, stripe.terminal.ConnectionToken))
    missing = list(violations({}, stripe.terminal.ConnectionToken))

    assert found == [".surprise: unknown", ".secret: 7 is not str"]
    assert missing == [".object: missing", ".secret: missing"]


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def _differences(operation: Operation) -> list[str]:
    declared = sdk_operation(operation.method, operation.path)
    if declared is None:
        return []
    params = [
        each
        for each in get_args(declared.parameters) or [declared.parameters]
        if each is not type(None)
    ]
    return list(differences(operation.parameters, params[0]))
