"""JSON in and JSON out for the control routes, and every refusal in one shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.errors import ControlInvalid, SimulatorError

Endpoint = Callable[[Request], Awaitable[Response]]

MAXIMUM_BODY_BYTES = 64 * 1024


class Body(BaseModel):
    """A request's body; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


AnyBody = TypeVar("AnyBody", bound=Body)


def route(method: str, path: str, endpoint: Endpoint) -> Route:
    """A route whose SimulatorErrors become answers."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except SimulatorError as error:
            return problem(error)

    return Route(path, answer, methods=[method])


async def read_body(request: Request, body: type[AnyBody]) -> AnyBody:
    """The request's body; an absent one counts as `{}`. Raises ControlInvalid."""
    sent = bytearray()
    async for piece in request.stream():
        sent += piece
        if len(sent) > MAXIMUM_BODY_BYTES:
            raise ControlInvalid(f"the body exceeds {MAXIMUM_BODY_BYTES} bytes")
    try:
        return body.model_validate_json(bytes(sent) or b"{}")
    except ValidationError as error:
        raise ControlInvalid(_first_problem(error)) from None


def listing(data: Sequence[object]) -> Response:
    """A list as Stripe wraps one."""
    return JSONResponse({"data": data})


def problem(error: SimulatorError) -> Response:
    """A refusal: a stable code, a sentence, and what to do about it."""
    content = {"code": error.code, "message": str(error), "remedy": error.remedy}
    return JSONResponse({"error": content}, status_code=error.status)


def _first_problem(error: ValidationError) -> str:
    # Without the input: somebody may have sent a card number where a name belongs.
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{place}: {first['msg']}"
