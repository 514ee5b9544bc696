"""Webhook endpoints as objects, through the official client."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import stripe
from stripe.params import WebhookEndpointCreateParams
from stripe_api_server import LIVE_KEY, StripeApiServer
from stripe_sdk_types import violations

from simulator.stripe_api.resources.event_types import EVENT_TYPES

pytest_plugins = ("stripe_api_fixtures",)


def new_endpoint(client: stripe.StripeClient, **changes: Any) -> stripe.WebhookEndpoint:
    """An endpoint nobody listens at."""
    params: WebhookEndpointCreateParams = {
        "url": "http://127.0.0.1:1/",
        "enabled_events": ["*"],
        **changes,  # type: ignore[typeddict-item]
    }
    return client.v1.webhook_endpoints.create(params)


def test_secret_is_shown_once_only(client: stripe.StripeClient) -> None:
    made = new_endpoint(client, description="Shop", metadata={"a": "b"})

    read = client.v1.webhook_endpoints.retrieve(made.id)
    (listed,) = client.v1.webhook_endpoints.list().data

    assert (made.secret or "").startswith("whsec_")
    assert {**made.to_dict(), "secret": None} == {**read.to_dict(), "secret": None}
    assert "secret" not in read
    assert listed == read
    assert list(violations(made.to_dict(), stripe.WebhookEndpoint)) == []
    assert list(violations(read.to_dict(), stripe.WebhookEndpoint)) == []


def test_endpoint_is_changed(client: stripe.StripeClient) -> None:
    endpoint = new_endpoint(client, description="Old", metadata={"a": "b"})

    changed = client.v1.webhook_endpoints.update(
        endpoint.id,
        {
            "description": "",
            "enabled_events": ["charge.failed"],
            "metadata": {"c": "d"},
            "url": "http://localhost:2/",
        },
    )

    assert changed.description is None
    assert changed.enabled_events == ["charge.failed"]
    assert changed.metadata.to_dict() == {"a": "b", "c": "d"}
    assert changed.url == "http://localhost:2/"


def test_deleted_endpoint_is_unknown(client: stripe.StripeClient) -> None:
    endpoint = new_endpoint(client)

    deleted = client.v1.webhook_endpoints.delete(endpoint.id)

    assert deleted.deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        client.v1.webhook_endpoints.retrieve(endpoint.id)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"url": "register.example.com"}, "url"),
        ({"enabled_events": ["payment_intent.suceeded"]}, "enabled_events[0]"),
        ({"enabled_events": []}, "enabled_events"),
        ({"api_version": "latest"}, None),
    ],
)
def test_endpoint_that_could_never_work_is_refused(
    client: stripe.StripeClient, changes: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_endpoint(client, **changes)

    assert caught.value.param == param


def test_endpoint_may_follow_the_accounts_version(client: stripe.StripeClient) -> None:
    assert new_endpoint(client, api_version="").api_version is None


def test_live_endpoints_need_https(server: StripeApiServer) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_endpoint(server.client(LIVE_KEY))

    assert (caught.value.code, caught.value.param) == ("url_invalid", "url")


def test_there_are_sixteen_endpoints_at_most(client: stripe.StripeClient) -> None:
    for _ in range(16):
        new_endpoint(client)

    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16 test webhook"):
        new_endpoint(client)


def test_event_types_are_those_of_the_official_client() -> None:
    module = inspect.getmodule(WebhookEndpointCreateParams)
    assert module is not None
    _, _, after = inspect.getsource(module).partition("enabled_events:")
    declared = re.findall(r'"([a-z0-9_.]+)"', after.partition('"""')[0])

    assert set(declared) == EVENT_TYPES
