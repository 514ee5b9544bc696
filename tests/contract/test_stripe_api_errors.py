"""Refusals: keys, routes, versions, parameters, and that nothing ever breaks the server."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe_api_server import (
    KEY,
    LIVE_KEY,
    StripeApiServer,
    new_intent,
    paid_intent,
    serving,
)
from stripe_sdk_types import violations

pytest_plugins = ("stripe_api_fixtures",)


def basic(key: str) -> dict[str, str]:
    """The header by which curl's `-u key:` sends a key."""
    return {"Authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"}


def test_request_without_a_key_is_refused(server: StripeApiServer) -> None:
    answer = server.request("GET", "/v1/account", key=None)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Stripe"'
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["message"].startswith("You did not provide an API key.")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer pk_test_publishable"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Digest sk_test_123456789"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer"},
        basic("sk_prod_123456789"),
    ],
)
def test_key_that_is_no_secret_key_is_refused(
    server: StripeApiServer, headers: dict[str, str]
) -> None:
    answer = server.request("GET", "/v1/account", headers=headers)

    assert answer.status == 401
    assert answer.error["message"].startswith("Invalid API Key provided: ")


@pytest.mark.parametrize(
    "key", ["sk_test_1", "rk_test_51Abc", "rk_live_51Abc", "sk_live_51Abc"]
)
def test_any_secret_key_is_accepted_either_way(
    server: StripeApiServer, key: str
) -> None:
    assert server.request("GET", "/v1/account", key=key).status == 200
    assert server.request("GET", "/v1/account", headers=basic(key)).status == 200


def test_only_listed_keys_are_accepted_where_there_is_a_list() -> None:
    with serving(keys={KEY}) as server:
        known = server.request("GET", "/v1/account")
        unknown = server.request("GET", "/v1/account", key="sk_test_another12345678")

    assert known.status == 200
    assert unknown.status == 401
    assert unknown.error["message"] == (
        "Invalid API Key provided: sk_test_***********5678"
    )


def test_objects_of_the_other_mode_are_missing(server: StripeApiServer) -> None:
    intent = new_intent(server.client())

    with pytest.raises(stripe.InvalidRequestError) as caught:
        server.client(LIVE_KEY).v1.payment_intents.retrieve(intent.id)

    assert caught.value.http_status == 404
    assert caught.value.user_message == (
        f"No such payment_intent: '{intent.id}'; a similar object exists in test mode, "
        "but a live mode key was used to make this request."
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nothing"), ("DELETE", "/v1/charges"), ("GET", "/v1/charges/a/b")],
)
def test_unknown_route_is_refused(
    server: StripeApiServer, method: str, path: str
) -> None:
    answer = server.request(method, path)

    assert answer.status == 404
    assert answer.error["message"].startswith(
        f"Unrecognized request URL ({method}: {path})."
    )


@pytest.mark.parametrize(
    ("path", "message", "param"),
    [
        ("payment_intents/pi_none", "No such payment_intent: 'pi_none'", "intent"),
        ("charges/ch_none", "No such charge: 'ch_none'", "id"),
        ("refunds/re_none", "No such refund: 're_none'", "id"),
        ("events/evt_none", "No such event: 'evt_none'", "id"),
        (
            "payment_methods/pm_none",
            "No such PaymentMethod: 'pm_none'",
            "payment_method",
        ),
        ("terminal/locations/tml_none", "No such location: 'tml_none'", "location"),
        ("terminal/readers/tmr_none", "No such reader: 'tmr_none'", "reader"),
    ],
)
def test_missing_object_is_named(
    server: StripeApiServer, path: str, message: str, param: str
) -> None:
    answer = server.request("GET", f"/v1/{path}")

    assert answer.status == 404
    assert answer.error["code"] == "resource_missing"
    assert (answer.error["message"], answer.error["param"]) == (message, param)


def test_error_names_its_documentation_and_its_log(server: StripeApiServer) -> None:
    answer = server.request("POST", "/v1/payment_intents", body=b"currency=usd")

    error = answer.error
    assert error["message"] == "Missing required param: amount."
    assert error["code"] == "parameter_missing"
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/parameter-missing"
    assert answer.headers["request-id"] in error["request_log_url"]


def test_answers_name_the_version_they_are_in(server: StripeApiServer) -> None:
    default = server.request("GET", "/v1/account")
    named = server.request(
        "GET", "/v1/account", headers={"Stripe-Version": "2024-06-20"}
    )

    assert default.headers["stripe-version"] == "2026-10-28.endive"
    assert named.headers["stripe-version"] == "2024-06-20"


def test_version_that_is_none_is_refused(server: StripeApiServer) -> None:
    answer = server.request("GET", "/v1/account", headers={"Stripe-Version": "1.0"})

    assert (answer.status, answer.error["message"]) == (
        400,
        "Invalid Stripe API version: 1.0",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"amount=1&currency=usd&foo=1", "Received unknown parameter: foo"),
        (b"foo=1&bar=2", "Received unknown parameters: foo, bar"),
        (b"amount=ten&currency=usd", "Invalid integer: ten"),
        (
            b"amount=0&currency=usd",
            "This value must be greater than or equal to 1.",
        ),
        (b"amount=100&currency=usd&confirm=maybe", "Invalid boolean: maybe"),
        (
            b"amount=100&currency=usd&capture_method=never",
            (
                "Invalid capture_method: must be one of automatic, automatic_async, "
                "or manual"
            ),
        ),
        (b"amount[a]=1&currency=usd", "Invalid integer: {...}"),
        (b"amount=1&currency=usd&metadata=x", "Invalid object"),
        (
            b"amount=100&currency=usd&payment_method_options[card_present][foo]=1",
            "Received unknown parameter: payment_method_options[card_present][foo]",
        ),
        (b"a=%ff", "Invalid encoding in the request's parameters."),
        (b"\xff", "Invalid encoding in the request's parameters."),
        (b"a=1&a[b]=2", "Invalid request: conflicting uses of parameter 'a[b]'."),
    ],
)
def test_parameters_are_refused_in_stripes_words(
    server: StripeApiServer, body: bytes, message: str
) -> None:
    answer = server.request("POST", "/v1/payment_intents", body=body)

    assert answer.status == 400
    assert answer.error["message"] == message


def test_empty_value_cannot_unset_what_is_required(server: StripeApiServer) -> None:
    answer = server.request("POST", "/v1/payment_intents", body=b"amount=&currency=usd")

    assert answer.error["code"] == "parameter_invalid_empty"
    assert answer.error["message"].startswith(
        "You passed an empty string for 'amount'."
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"[" * 100_000])
def test_body_that_is_no_json_object_is_refused(
    server: StripeApiServer, body: bytes
) -> None:
    answer = server.request(
        "POST",
        "/v1/payment_intents",
        body=body,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status == 400


def test_json_bodies_do_as_forms_do(server: StripeApiServer) -> None:
    body = {
        "amount": 100,
        "currency": "usd",
        "metadata": {"n": 1, "none": None},
        "automatic_payment_methods": {"enabled": True},
        "description": None,
        "expand": ["latest_charge"],
    }

    answer = server.request("POST", "/v1/payment_intents", json_body=body)

    assert answer.status == 200
    assert answer.json["metadata"] == {"n": "1"}


def test_overlong_body_is_refused(server: StripeApiServer) -> None:
    answer = server.request(
        "POST", "/v1/payment_intents", body=b"a=" + b"b" * 1024 * 1024
    )

    assert answer.status == 413


@pytest.mark.parametrize(
    ("path", "expand", "message"),
    [
        ("payment_intents", "latest_charge", "expanding 'data.latest_charge' instead."),
        ("payment_intents", "data.status", "cannot be expanded (data.status)."),
        ("payment_intents", "data.a.b.c.d", "cannot expand more than 4 levels"),
        ("charges", "data.refunds.charge", "cannot be expanded (data.refunds.charge)."),
    ],
)
def test_bad_expansion_is_refused(
    server: StripeApiServer, path: str, expand: str, message: str
) -> None:
    answer = server.request("GET", f"/v1/{path}?expand[]={expand}")

    assert answer.status == 400
    assert message in answer.error["message"]


def test_bad_expansion_is_refused_before_the_effect(server: StripeApiServer) -> None:
    client = server.client()
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(
            {"amount": 100, "currency": "usd", "expand": ["foo"]}
        )

    assert client.v1.payment_intents.list().data == []


def test_expansions_combine(client: stripe.StripeClient) -> None:
    intent = paid_intent(client)
    client.v1.refunds.create({"payment_intent": intent.id})

    answer: Any = client.v1.charges.list(
        {
            "expand": [
                "data.balance_transaction",
                "data.refunds.data.balance_transaction",
                "data.payment_intent.latest_charge",
                "data.payment_intent",
                "data.customer.default_source",
            ]
        }
    )

    charge = answer.data[0]
    assert charge.balance_transaction.type == "charge"
    assert charge.refunds.data[0].balance_transaction.type == "refund"
    assert charge.payment_intent.latest_charge.id == charge.id
    assert charge.customer is None


PATHS = [
    "/v1/account",
    "/v1/charges",
    "/v1/events",
    "/v1/payment_intents",
    "/v1/payment_intents/{id}",
    "/v1/payment_intents/{id}/confirm",
    "/v1/payment_intents/{id}/capture",
    "/v1/payment_intents/{id}/cancel",
    "/v1/refunds",
    "/v1/terminal/connection_tokens",
    "/v1/terminal/locations",
    "/v1/terminal/readers",
    "/v1/balance_transactions",
]
NAMES = [
    "amount",
    "currency",
    "metadata",
    "expand",
    "created",
    "limit",
    "starting_after",
    "ending_before",
    "payment_intent",
    "charge",
    "payment_method_data",
    "payment_method_options",
    "payment_method_types",
    "allowed_payment_method_types",
    "shipping",
    "address",
    "display_name",
    "registration_code",
    "type",
    "types",
    "amount_to_capture",
    "automatic_payment_methods",
    "confirm",
    "off_session",
    "fraud_details",
]
SCALARS = (
    st.text(max_size=8)
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats()
    | st.sampled_from(["usd", "card_present", "100", "data.latest_charge", "true", ""])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH"]),
    path=st.sampled_from(PATHS),
    parameters=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
)
def test_no_parameters_break_the_server(
    fuzzed: StripeApiServer, method: str, path: str, parameters: dict[str, Any]
) -> None:
    intent = new_intent(fuzzed.client())

    answer = fuzzed.request(method, path.format(id=intent.id), json_body=parameters)

    assert answer.status < 500
    if answer.status >= 400:
        assert list(violations(answer.error, stripe.ErrorObject)) == []


@given(
    query=st.binary(max_size=30).map(
        lambda raw: "".join(f"%{byte:02x}" for byte in raw)
    )
    | st.text("abc[]=&%20.", max_size=30),
    body=st.binary(max_size=40) | st.text("abc[]=&%20.", max_size=40).map(str.encode),
)
def test_no_bytes_break_the_server(
    fuzzed: StripeApiServer, query: str, body: bytes
) -> None:
    answer = fuzzed.request("POST", f"/v1/payment_intents?{query}", body=body)

    assert 200 <= answer.status < 500


@pytest.fixture(scope="module")
def fuzzed() -> Any:
    """A server that keeps its objects from one example to the next."""
    with serving() as running:
        yield running
