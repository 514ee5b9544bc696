"""Control of what keeps register apps from calling: rate limits and restricted keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.control.json_api import Body, listing, read_body, route
from simulator.errors import ControlInvalid
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.engine.keys import RESTRICTED_KEY, needed_permission
from simulator.stripe_api.engine.limits import PUBLISHED, Pace

LIMITS = "/simulator/rate_limits"
KEYS = "/simulator/restricted_keys"

_PerSecond = Annotated[int, Field(ge=1)]


class _Paces(Body):
    """Requests a second; Stripe's own limits where nothing is said."""

    read: _PerSecond | None = None
    write: _PerSecond | None = None
    search: _PerSecond | None = None
    files: _PerSecond | None = None


class _Limits(Body):
    test: _Paces = _Paces()
    live: _Paces = _Paces()


class _Key(Body):
    key: str
    permissions: list[str]


def limit_routes(api: StripeApi) -> Sequence[BaseRoute]:
    """The routes about the limits and keys of `api`."""
    return [*_rate_limit_routes(api), *_restricted_key_routes(api)]


def _rate_limit_routes(api: StripeApi) -> Sequence[BaseRoute]:
    async def show(request: Request) -> Response:
        limits = api.limits.limits
        if limits is None:
            return JSONResponse({"test": None, "live": None})
        return JSONResponse({"test": limits[False], "live": limits[True]})

    async def enforce(request: Request) -> Response:
        sent = await read_body(request, _Limits)
        wanted = {False: sent.test, True: sent.live}
        api.limits.enforce(
            {
                livemode: {
                    pace: getattr(wanted[livemode], pace) or published[pace]
                    for pace in Pace
                }
                for livemode, published in PUBLISHED.items()
            }
        )
        return await show(request)

    async def lift(request: Request) -> Response:
        api.limits.lift()
        return Response(status_code=204)

    return [
        route("GET", LIMITS, show),
        route("POST", LIMITS, enforce),
        route("DELETE", LIMITS, lift),
    ]


def _restricted_key_routes(api: StripeApi) -> Sequence[BaseRoute]:
    known = {
        needed_permission(method, operation.returns.name)
        for operation in api.operations
        for method in ("GET", "POST")
    }

    async def show(request: Request) -> Response:
        return listing(
            [
                {"key": key, "permissions": sorted(permissions)}
                for key, permissions in api.keys.restricted().items()
            ]
        )

    async def restrict(request: Request) -> Response:
        sent = await read_body(request, _Key)
        if not RESTRICTED_KEY.fullmatch(sent.key):
            raise ControlInvalid("a restricted key is rk_test_… or rk_live_…")
        for name in sent.permissions:
            if name not in known:
                raise ControlInvalid(
                    f"no permission {name!r}; there are {', '.join(sorted(known))}"
                )
        api.keys.restrict(sent.key, frozenset(sent.permissions))
        return await show(request)

    async def lift(request: Request) -> Response:
        api.keys.lift_restrictions()
        return Response(status_code=204)

    return [
        route("GET", KEYS, show),
        route("POST", KEYS, restrict),
        route("DELETE", KEYS, lift),
    ]
