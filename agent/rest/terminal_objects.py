"""`GET /v1/terminal/locations` and `configurations`: Stripe's answer, or what is kept.

A register that starts without network still sees where this machine's readers stand, and
what counts there, as Stripe had it last.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import StripeUnreachable, UpstreamError
from agent.rest.forwarding import LOCATIONS, forward
from agent.rest.lists import Paging
from agent.rest.parameters import Boolean, TextList
from agent.rest.reader_object import Json, JsonObject
from agent.rest.requests import json_response, queried
from agent.rest.services import services_of

WITHIN_S = 5.0
"""How long Stripe is waited for where something is kept."""


class ListKept(Paging):
    """A list of either kind."""

    is_account_default: Boolean | None = None
    expand: TextList = ()


async def list_terminal_objects(request: Request) -> Response:
    """Stripe's list; without its answer the first page of what is kept.

    Raises as `forward`.
    """
    path: str = request.scope["path"]
    kept = _kept(request)

    def page() -> JsonObject | None:
        asked = queried(request, ListKept)
        if asked.starting_after or asked.ending_before:
            return None  # In Stripe's order, which nobody here knows.
        wanted: list[Json] = [
            one for one in kept if asked.is_account_default in (None, _flag(one))
        ]
        return {
            "object": "list",
            "data": wanted[: asked.limit],
            "has_more": len(wanted) > asked.limit,
            "url": path,
        }

    try:
        return await _stripes(request, is_hurried=bool(kept))
    except UpstreamError as error:
        shown = page() if kept else None
        if shown is None:
            raise
        return _incomplete(shown, error)


async def retrieve_terminal_object(request: Request) -> Response:
    """Stripe's object, or without its answer the one that is kept. Raises as `forward`."""
    kept = [
        one for one in _kept(request) if one["id"] == request.path_params["object_id"]
    ]
    try:
        return await _stripes(request, is_hurried=bool(kept))
    except UpstreamError as error:
        if not kept:
            raise
        return _incomplete(kept[0], error)


async def _stripes(request: Request, *, is_hurried: bool) -> Response:
    try:
        async with asyncio.timeout(WITHIN_S if is_hurried else None):
            return await forward(request)
    except TimeoutError:
        raise StripeUnreachable("Stripe takes long to answer.") from None


def _kept(request: Request) -> list[JsonObject]:
    is_location = request.scope["path"].startswith(LOCATIONS)
    kind = "terminal.location" if is_location else "terminal.configuration"
    kept = services_of(request).configurations.kept()
    return [one for one in kept if one["object"] == kind]


def _flag(configuration: JsonObject) -> bool:
    return configuration.get("is_account_default") is True


def _incomplete(shown: JsonObject, error: UpstreamError) -> Response:
    response = json_response(shown)
    response.headers["cardlane-incomplete"] = error.code
    return response
