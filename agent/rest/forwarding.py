"""`/v1` routes whose objects live at Stripe: passed on byte for byte, JSON as a form.

The agent's restricted key replaces the caller's local one. Only listed resources pass;
nothing of a request or an answer is kept or logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import RequestInvalid, RouteUnknown
from agent.ids import PaymentIntentId
from agent.rest.auth import KeyScope
from agent.rest.forms import decode_body
from agent.rest.guard import KeyedRoute
from agent.rest.services import Services, services_of
from agent.stripe_api.errors import AnswerLost, UnkeyedAnswerLost
from agent.stripe_api.form import encode

ANY_SCOPE = frozenset(KeyScope)
TAKE = frozenset({KeyScope.PAYMENTS})
TAKE_OR_REFUND = TAKE | {KeyScope.REFUNDS}
SEE = frozenset({KeyScope.PAYMENTS, KeyScope.READERS, KeyScope.MANAGE})
MANAGE = frozenset({KeyScope.MANAGE})


LOCATIONS = "/v1/terminal/locations"
CONFIGURATIONS = "/v1/terminal/configurations"


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection at Stripe, and the scopes for reading and for changing it."""

    path: str
    read: frozenset[KeyScope] = frozenset()
    write: frozenset[KeyScope] = frozenset()
    """Without a scope the route does not exist."""


RESOURCES = (
    Resource(LOCATIONS, read=SEE, write=MANAGE),
    Resource(CONFIGURATIONS, read=SEE, write=MANAGE),
    Resource("/v1/payment_intents", read=TAKE_OR_REFUND, write=TAKE),
    Resource("/v1/setup_intents", read=TAKE, write=TAKE),
    Resource("/v1/payment_methods", read=TAKE, write=TAKE),
    Resource("/v1/customers", read=TAKE, write=TAKE),
    Resource("/v1/charges", read=TAKE_OR_REFUND, write=TAKE),
    Resource("/v1/refunds", read=TAKE_OR_REFUND, write=frozenset({KeyScope.REFUNDS})),
    Resource("/v1/account", read=ANY_SCOPE),
)

JSON = "application/json"
_PLAIN_PATH = re.compile(r"/v1(/[A-Za-z0-9_]{1,255}){1,6}")
_INTENT_CHANGED = re.compile(r"/v1/payment_intents/([^/]+)/(?:capture|cancel)")
_SENT = ("accept", "content-type", "idempotency-key", "stripe-version")
_RETURNED = (
    "content-type",
    "idempotency-key",
    "idempotent-replayed",
    "original-request",
    "request-id",
    "retry-after",
    "stripe-should-retry",
    "stripe-version",
)


def forwarded_routes() -> list[Route]:
    """A route for every resource and everything below it."""
    return [
        KeyedRoute(methods, path, forward, any_of=scopes)
        for resource in RESOURCES
        for scopes, methods in (
            (resource.read, ["GET"]),
            (resource.write, ["POST", "DELETE"]),
        )
        if scopes
        for path in (resource.path, resource.path + "/{rest:path}")
    ]


async def forward(request: Request) -> Response:
    """Ask Stripe the same, and answer with its answer; raises as `passed_on`."""
    return await passed_on(request, await request.body())


async def passed_on(
    request: Request,
    body: bytes,
    *,
    path: str | None = None,
    query: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Stripe's answer to the request with this body.

    With this path, query and these headers instead of its own, where they are given.

    Raises RouteUnknown for a path that a client of Stripe would not send,
    StripeUnreachable, AnswerLost, StripeKeyMissing, RequestInvalid for broken JSON or
    a query that is not ASCII.
    """
    path = request.scope["path"] if path is None else path
    # No dots, no escapes: nothing that could lead out of the listed resources.
    if _PLAIN_PATH.fullmatch(path) is None:
        raise RouteUnknown("Unrecognized request URL.")
    query = _query_in(request) if query is None else query
    services = services_of(request)
    headers = _only(_SENT, request.headers if headers is None else headers)
    if headers.get("content-type", "").partition(";")[0].strip() == JSON:
        # Stripe reads forms only.
        body = encode(decode_body(body, content_type=JSON)).encode()
        headers["content-type"] = "application/x-www-form-urlencoded"
    try:
        answer = await services.stripe.forward(
            request.method,
            f"{path}?{query}" if query else path,
            headers=headers,
            body=body,
        )
    except AnswerLost as lost:
        if request.method == "POST" and "idempotency-key" not in headers:
            raise UnkeyedAnswerLost(lost.message) from lost
        raise
    finally:
        # An answer that was lost may have changed something, too.
        if request.method != "GET":
            _tell_changed(services, path)
    headers = _only(_RETURNED, answer.headers) | {"cache-control": "no-store"}
    return Response(answer.body, status_code=answer.status, headers=headers)


def _query_in(request: Request) -> str:
    try:
        query: str = request.scope["query_string"].decode("ascii")
    except UnicodeDecodeError:
        raise RequestInvalid("The query string is not URL-encoded.") from None
    return query


def _tell_changed(services: Services, path: str) -> None:
    """Whoever keeps something of what a path changes looks at it again."""
    if path.startswith((LOCATIONS, CONFIGURATIONS)):
        services.configurations.outdated()
    changed = _INTENT_CHANGED.fullmatch(path)
    if changed is not None:
        services.holds.look(PaymentIntentId(changed[1]))


def _only(names: Iterable[str], headers: Mapping[str, str]) -> dict[str, str]:
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: lowered[name] for name in names if name in lowered}
