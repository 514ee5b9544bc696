"""The routes of events, with the scopes they ask for."""

from __future__ import annotations

from starlette.routing import Route

from agent.rest.auth import KeyScope
from agent.rest.event_stream import stream_events
from agent.rest.events import list_events, retrieve_event
from agent.rest.guard import keyed_route
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
        keyed_route("GET", EVENTS, list_events, any_of=HEAR),
        keyed_route("GET", EVENTS + "/{event_id}", retrieve_event, any_of=HEAR),
        keyed_route("POST", ENDPOINTS, create_endpoint, any_of=MANAGE),
        keyed_route("GET", ENDPOINTS, list_endpoints, any_of=MANAGE),
        keyed_route("GET", ENDPOINT, retrieve_endpoint, any_of=MANAGE),
        keyed_route("POST", ENDPOINT, update_endpoint, any_of=MANAGE),
        keyed_route("DELETE", ENDPOINT, delete_endpoint, any_of=MANAGE),
        keyed_route("GET", "/agent/events", stream_events, any_of=HEAR),
    ]
