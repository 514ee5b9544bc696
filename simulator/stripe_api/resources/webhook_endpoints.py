"""Webhook endpoints: who wants to be told of which events. Sends nothing itself."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.lists import list_parameters, page
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Clearable,
    Fields,
    Items,
    Required,
    Text,
)
from simulator.stripe_api.engine.store import Kind, Object, Store
from simulator.stripe_api.engine.versions import ApiVersion, read_version
from simulator.stripe_api.resources.event_types import EVENT_TYPES
from simulator.stripe_api.webhooks.destination import parse_destination

MAXIMUM_ENDPOINTS = 16
EVERYTHING = "*"


class WebhookEndpoint(TypedDict):
    """Stripe's WebhookEndpoint; `secret` is in the answer that made it only."""

    id: str
    object: str
    api_version: str | None
    application: None
    created: int
    description: str | None
    enabled_events: list[str]
    livemode: bool
    metadata: dict[str, str]
    secret: NotRequired[str]
    status: str
    url: str


class EndpointSecret(TypedDict):
    """The key deliveries to one endpoint are signed with, under the endpoint's id."""

    id: str
    secret: str


WEBHOOK_ENDPOINTS = Kind[WebhookEndpoint](
    name="webhook_endpoint",
    prefix="we",
    noun="webhook endpoint",
    shape=WebhookEndpoint,
)
ENDPOINT_SECRETS = Kind[EndpointSecret](
    name="simulator.webhook_secret", prefix="whsec", noun="webhook secret"
)


class _EventType:
    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        if isinstance(raw, str) and (raw == EVERYTHING or raw in EVENT_TYPES):
            return raw
        raise ParameterInvalid(
            f"Invalid {name}: {str(raw)[:60]} is not the name of an event type.",
            param=name,
        )


class _Url:
    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        url = Text().read(raw, name, version)
        try:
            parse_destination(url)
        except ValueError:
            raise ParameterInvalid(
                "Invalid URL: An explicit scheme (such as https) must be provided.",
                param=name,
                code="url_invalid",
            ) from None
        return url


class _Version:
    def read(self, raw: Any, name: str, version: ApiVersion) -> ApiVersion:
        return read_version(Text().read(raw, name, version), version)


_ENABLED_EVENTS = Items(_EventType())
_CREATE = Fields(
    {
        "api_version": Clearable(_Version()),
        "connect": Boolean(),
        "description": Clearable(Text()),
        "enabled_events": Required(_ENABLED_EVENTS),
        "metadata": Metadata(),
        "url": Required(_Url()),
    }
)
_UPDATE = Fields(
    {
        "description": Clearable(Text()),
        "disabled": Boolean(),
        "enabled_events": _ENABLED_EVENTS,
        "metadata": Metadata(),
        "url": _Url(),
    }
)
_PATH = "/v1/webhook_endpoints"


def subscribed(store: Store, event_type: str) -> list[WebhookEndpoint]:
    """The endpoints that are to be told of such an event."""
    return [
        endpoint
        for endpoint in store.of(WEBHOOK_ENDPOINTS).newest_first()
        if endpoint["status"] == "enabled"
        and not {EVERYTHING, event_type}.isdisjoint(endpoint["enabled_events"])
    ]


def _hide_secrets(call: Call) -> None:
    """Put the secrets of endpoints from elsewhere where they are not shown."""
    for endpoint in list(call.store.of(WEBHOOK_ENDPOINTS).newest_first()):
        if "secret" in endpoint:
            shown = endpoint.copy()
            secret = shown.pop("secret")
            call.store.of(WEBHOOK_ENDPOINTS).put(shown)
            call.store.of(ENDPOINT_SECRETS).put({"id": shown["id"], "secret": secret})


def _create(call: Call) -> WebhookEndpoint:
    mode = "live" if call.livemode else "test"
    if len(call.store.of(WEBHOOK_ENDPOINTS)) >= MAXIMUM_ENDPOINTS:
        raise InvalidRequest(
            f"You have reached the maximum of {MAXIMUM_ENDPOINTS} {mode} webhook "
            "endpoints."
        )
    _check(call)
    endpoint: WebhookEndpoint = {
        "id": call.new_id(WEBHOOK_ENDPOINTS),
        "object": "webhook_endpoint",
        "api_version": call.params.get("api_version"),
        "application": None,
        "created": call.now,
        "description": call.params.get("description"),
        "enabled_events": call.params["enabled_events"],
        "livemode": call.livemode,
        "metadata": merged({}, call.params.get("metadata", {})),
        "status": "enabled",
        "url": call.params["url"],
    }
    secret = call.ids.new("whsec", length=32)
    call.store.of(WEBHOOK_ENDPOINTS).put(endpoint)
    call.store.of(ENDPOINT_SECRETS).put({"id": endpoint["id"], "secret": secret})
    return {**endpoint, "secret": secret}


def _retrieve(call: Call) -> WebhookEndpoint:
    return call.find(WEBHOOK_ENDPOINTS, "webhook_endpoint")


def _update(call: Call) -> WebhookEndpoint:
    endpoint = call.find(WEBHOOK_ENDPOINTS, "webhook_endpoint").copy()
    params = call.params
    _check(call)
    if "description" in params:
        endpoint["description"] = params["description"]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    if "enabled_events" in params:
        endpoint["enabled_events"] = params["enabled_events"]
    if "metadata" in params:
        endpoint["metadata"] = merged(endpoint["metadata"], params["metadata"])
    if "url" in params:
        endpoint["url"] = params["url"]
    call.store.of(WEBHOOK_ENDPOINTS).put(endpoint)
    return endpoint


def _delete(call: Call) -> Object:
    endpoint = call.find(WEBHOOK_ENDPOINTS, "webhook_endpoint")
    tombstone = {"id": endpoint["id"], "object": endpoint["object"], "deleted": True}
    call.store.of(WEBHOOK_ENDPOINTS).delete(endpoint["id"], tombstone=tombstone)
    return tombstone


def _list(call: Call) -> Object:
    return page(call.store, WEBHOOK_ENDPOINTS, params=call.params, url=_PATH)


def _check(call: Call) -> None:
    """Raise for what is wrong in view of other parameters or of the mode."""
    if not call.params.get("enabled_events", [EVERYTHING]):
        raise ParameterInvalid(
            "You must enable at least one event.", param="enabled_events"
        )
    if call.livemode and not call.params.get("url", "https:").startswith("https:"):
        raise ParameterInvalid(
            "Invalid URL: webhook URLs must begin with https in live mode.",
            param="url",
            code="url_invalid",
        )


_ONE = f"{_PATH}/{{webhook_endpoint}}"

WEBHOOK_ENDPOINT = Resource(
    kinds=(WEBHOOK_ENDPOINTS, ENDPOINT_SECRETS),
    operations=(
        Operation("POST", _PATH, _CREATE, WEBHOOK_ENDPOINTS, _create),
        Operation(
            "GET", _PATH, list_parameters(), WEBHOOK_ENDPOINTS, _list, is_list=True
        ),
        Operation("GET", _ONE, Fields({}), WEBHOOK_ENDPOINTS, _retrieve),
        Operation("POST", _ONE, _UPDATE, WEBHOOK_ENDPOINTS, _update),
        Operation("DELETE", _ONE, Fields({}), WEBHOOK_ENDPOINTS, _delete),
    ),
    opening=_hide_secrets,
)
