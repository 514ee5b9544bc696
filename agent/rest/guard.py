"""Who may call a route: declared where the route is declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from agent.ids import LocalKeyId
from agent.rest.auth import KeyScope, authenticate
from agent.rest.services import services_of

Endpoint = Callable[[Request], Awaitable[Response]]


def keyed(endpoint: Endpoint, *, any_of: frozenset[KeyScope]) -> Endpoint:
    """`endpoint` for callers whose key has one of these scopes."""

    async def guarded(request: Request) -> Response:
        services = services_of(request)
        key = await authenticate(
            services.journal.keys,
            request.headers.get("authorization"),
            any_of=any_of,
            livemode=services.livemode,
            clock=services.clock,
        )
        services.buckets.take(key.key_id)
        request.state.key_id = key.key_id
        request.state.scopes = key.scopes
        return await endpoint(request)

    return guarded


def caller_of(request: Request) -> LocalKeyId:
    """Whose key a keyed request came with."""
    key_id: LocalKeyId = request.state.key_id
    return key_id


def scopes_of(request: Request) -> frozenset[str]:
    """What the key of a keyed request allows."""
    scopes: frozenset[str] = request.state.scopes
    return scopes
