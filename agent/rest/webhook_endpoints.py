"""`/v1/webhook_endpoints`: who on this machine, or near it, is told of events."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid, RequestInvalid, ResourceMissing
from agent.events import KEPT_NAMES
from agent.ids import EndpointId, new_id
from agent.journal.webhook_endpoints import WebhookEndpoint
from agent.outbox.destination import NotAllowed, destination_of
from agent.outbox.lane import EVERYTHING
from agent.outbox.secrets import new_secret
from agent.rest.lists import Paging
from agent.rest.parameters import Boolean, Metadata, Parameters, Text, TextList
from agent.rest.reader_object import JsonObject
from agent.rest.requests import json_response, once, posted, queried
from agent.rest.services import Services, services_of

MOST_ENDPOINTS = 16

DISABLED_BY_OWNER = "disabled"


class CreateEndpoint(Parameters):
    """`POST /v1/webhook_endpoints`."""

    url: Text
    enabled_events: TextList
    description: Text | None = None
    metadata: Metadata | None = None


class UpdateEndpoint(Parameters):
    """`POST /v1/webhook_endpoints/:id`."""

    url: Text | None = None
    enabled_events: TextList | None = None
    description: Text | None = None
    metadata: Metadata | None = None
    disabled: Boolean | None = None


async def create_endpoint(request: Request) -> Response:
    """A new endpoint, sent what happens from now on; its secret is in this answer only."""
    services = services_of(request)
    post = await posted(request, CreateEndpoint)
    asked = post.parameters
    _check(services, asked)

    async def execute() -> Response:
        if len(services.outbox.deliveries.endpoints()) >= MOST_ENDPOINTS:
            raise RequestInvalid(f"There can be {MOST_ENDPOINTS} webhook endpoints.")
        endpoint = WebhookEndpoint(
            endpoint_id=EndpointId(new_id("we", services.random)),
            url=asked.url,
            enabled_events=asked.enabled_events,
            description=asked.description,
            metadata=_merged({}, asked.metadata),
            created_at=services.clock.now(),
            delivered_seq=services.journal.events.head(),
        )
        secret = new_secret(services.random)
        await services.outbox.deliveries.add(endpoint, secret=secret)
        return json_response(endpoint_object(endpoint, livemode=services.livemode))

    return _with_secret(await once(request, post.claim, execute), services)


async def list_endpoints(request: Request) -> Response:
    """A page of endpoints, newest first."""
    services = services_of(request)
    asked = queried(request, Paging)
    endpoints, has_more = _page(services.outbox.deliveries.endpoints(), asked)
    return json_response(
        {
            "object": "list",
            "data": [endpoint_object(e, livemode=services.livemode) for e in endpoints],
            "has_more": has_more,
            "url": "/v1/webhook_endpoints",
        }
    )


async def retrieve_endpoint(request: Request) -> Response:
    """One endpoint."""
    services = services_of(request)
    queried(request, Parameters)
    endpoint = services.outbox.deliveries.get(_id_in(request))
    return json_response(endpoint_object(endpoint, livemode=services.livemode))


async def update_endpoint(request: Request) -> Response:
    """Change it; enabled again, it goes on where it stopped."""
    services, endpoint_id = services_of(request), _id_in(request)
    post = await posted(request, UpdateEndpoint)
    asked = post.parameters
    _check(services, asked)

    async def execute() -> Response:
        before = services.outbox.deliveries.get(endpoint_id)
        endpoint = await services.outbox.deliveries.change(
            endpoint_id, **_changes(asked, before)
        )
        return json_response(endpoint_object(endpoint, livemode=services.livemode))

    return await once(request, post.claim, execute)


async def delete_endpoint(request: Request) -> Response:
    """Send it nothing more, and forget its secret."""
    services = services_of(request)
    queried(request, Parameters)
    endpoint = await services.outbox.deliveries.delete(_id_in(request))
    return json_response(
        {"id": endpoint.endpoint_id, "object": "webhook_endpoint", "deleted": True}
    )


def endpoint_object(endpoint: WebhookEndpoint, *, livemode: bool) -> JsonObject:
    """Stripe's `webhook_endpoint`, without its secret."""
    return {
        "id": endpoint.endpoint_id,
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": int(endpoint.created_at.timestamp()),
        "description": endpoint.description,
        "enabled_events": list(endpoint.enabled_events),
        "livemode": livemode,
        "metadata": dict(endpoint.metadata),
        "status": "enabled" if endpoint.disabled_reason is None else "disabled",
        "url": endpoint.url,
    }


def _page(
    endpoints: list[WebhookEndpoint], asked: Paging
) -> tuple[list[WebhookEndpoint], bool]:
    """The asked page of `endpoints`, newest first, and whether more lie beyond it."""
    after, before = asked.starting_after, asked.ending_before
    if after is not None and before is not None:
        raise ParameterInvalid(
            "Received both starting_after and ending_before parameters. "
            "Please pass in only one.",
            param="ending_before",
        )
    ids = [endpoint.endpoint_id for endpoint in endpoints]
    cursor = EndpointId(after or before or "")
    if cursor and cursor not in ids:
        raise ResourceMissing(f"No such webhook endpoint: '{cursor[:100]}'")
    if before is not None:
        end = ids.index(cursor)
        start = max(0, end - asked.limit)
        return endpoints[start:end], start > 0
    start = ids.index(cursor) + 1 if cursor else 0
    end = start + asked.limit
    return endpoints[start:end], end < len(endpoints)


def _id_in(request: Request) -> str:
    return str(request.path_params["endpoint_id"])


def _check(services: Services, asked: CreateEndpoint | UpdateEndpoint) -> None:
    if asked.url is not None:
        try:
            destination_of(asked.url, hosts=services.settings.events.webhook_hosts)
        except NotAllowed as error:
            raise ParameterInvalid(f"Invalid URL: {error}", param="url") from None
    if asked.enabled_events is not None:
        _check_events(asked.enabled_events)


def _check_events(names: tuple[str, ...]) -> None:
    if not names:
        raise ParameterInvalid(
            "You must enable at least one event.", param="enabled_events"
        )
    for name in names:
        if name != EVERYTHING and name not in KEPT_NAMES:
            raise ParameterInvalid(
                f"Invalid enabled_events: {name[:60]} is no event that is delivered.",
                param="enabled_events",
            )


def _changes(asked: UpdateEndpoint, before: WebhookEndpoint) -> dict[str, Any]:
    changes = asked.model_dump(exclude_none=True, exclude={"disabled", "metadata"})
    if asked.metadata is not None:
        changes["metadata"] = _merged(before.metadata, asked.metadata)
    if asked.disabled is not None:
        changes["disabled_reason"] = DISABLED_BY_OWNER if asked.disabled else None
    return changes


def _merged(present: dict[str, str], sent: dict[str, str] | None) -> dict[str, str]:
    """Stripe's rule: keys are merged, and an empty value removes its key."""
    if sent == {}:
        return {}
    merged = {**present, **(sent or {})}
    return {key: value for key, value in merged.items() if value}


def _with_secret(response: Response, services: Services) -> Response:
    """The answer with the secret, which is kept nowhere but in its own file.

    A repeat of the request by its Idempotency-Key is answered the same, while the
    endpoint exists.
    """
    content: dict[str, Any] = json.loads(bytes(response.body))
    secret = services.outbox.secrets.get(str(content.get("id")))
    if secret is None:
        return response
    headers = dict(response.headers)
    del headers["content-length"]
    return Response(json.dumps({**content, "secret": secret}), headers=headers)
