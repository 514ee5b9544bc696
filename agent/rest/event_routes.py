"""The routes of events, with the scopes they ask for."""

from __future__ import annotations

from starlette.routing import Route

from agent.rest.auth import KeyScope
from agent.rest.event_stream import stream_events
from agent.rest.events import list_events, retrieve_event
from agent.rest.guard import Endpoint, keyed
from agent.rest.webhook_endpoints import (
    create_endpoint,
    delete_endpoint,
    list_endpoints,
    retrieve_endpoint,
    update_endpoint,
)

EVENTS = "/v1/events"
ENDPOINTS = "/v1/webhook_endpoints"
ENDPOINT = ENDPOINTS + "/{endpoint_id}"
MANAGE = frozenset({KeyScope.MANAGE})
HEAR = frozenset({KeyScope.EVENTS})


def event_routes() -> list[Route]:
    """What happened on this machine, listed and told."""
    return [
        _route("GET", EVENTS, list_events, any_of=HEAR),
        _route("GET", EVENTS + "/{event_id}", retrieve_event, any_of=HEAR),
        _route("POST", ENDPOINTS, create_endpoint, any_of=MANAGE),
        _route("GET", ENDPOINTS, list_endpoints, any_of=MANAGE),
        _route("GET", ENDPOINT, retrieve_endpoint, any_of=MANAGE),
        _route("POST", ENDPOINT, update_endpoint, any_of=MANAGE),
        _route("DELETE", ENDPOINT, delete_endpoint, any_of=MANAGE),
        _route("GET", "/agent/events", stream_events, any_of=HEAR),
    ]


def _route(
    method: str, path: str, endpoint: Endpoint, *, any_of: frozenset[KeyScope]
) -> Route:
    return Route(path, keyed(endpoint, any_of=any_of), methods=[method])
