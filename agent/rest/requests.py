"""What every local route does alike: read parameters, answer once, write JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic

from starlette.requests import Request
from starlette.responses import Response

from agent.rest.forms import decode_body, decode_form
from agent.rest.idempotency import Claim, answer_once, claim_of
from agent.rest.parameters import Model, read
from agent.rest.reader_object import JsonObject
from agent.rest.services import services_of


@dataclass(frozen=True, slots=True)
class Posted(Generic[Model]):
    """A POST request, understood."""

    parameters: Model
    claim: Claim | None


async def posted(request: Request, model: type[Model]) -> Posted[Model]:
    """The parameters of a POST; raises what forms.py and parameters.py raise."""
    values = decode_body(
        await request.body(), content_type=request.headers.get("content-type", "")
    )
    return Posted(read(model, values), claim_of(request, values))


def queried(request: Request, model: type[Model]) -> Model:
    """The parameters of a GET or DELETE, from its query string."""
    return read(model, decode_form(request.scope["query_string"]))


async def once(
    request: Request,
    claim: Claim | None,
    execute: Callable[[], Awaitable[Response]],
) -> Response:
    """`execute`'s answer, or the one that the same request got before."""
    services = services_of(request)
    return await answer_once(
        claim,
        execute,
        answers=services.journal.answers,
        keys_in_use=services.keys_in_use,
        at=services.clock.now(),
        path=request.scope["path"],
    )


def json_response(content: JsonObject, *, status: int = 200) -> Response:
    """`content` as an answer that no cache keeps."""
    return Response(
        json.dumps(content),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
