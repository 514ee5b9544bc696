"""Every error's way out: Stripe's envelope under `/v1`, problem details elsewhere.

The one place that turns an exception into an answer. Nothing of an unexpected
exception reaches the caller, only the request id under which it was logged.
"""

from __future__ import annotations

import json

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import (
    AgentError,
    InternalError,
    MethodNotAllowed,
    RequestInvalid,
    RouteUnknown,
)
from agent.ids import Random, new_id
from agent.log import get_logger
from agent.stripe_api.errors import StripeRefused

log = get_logger(__name__)


class ErrorAnswers:
    """ASGI middleware, the outermost: request ids, and answers to every exception."""

    def __init__(self, app: ASGIApp, *, random: Random) -> None:
        self._app = app
        self._random = random

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id("req", self._random)
        is_started = False

        async def send_with_id(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                # A forwarded answer keeps Stripe's id, which Stripe's support asks for.
                MutableHeaders(scope=message).setdefault("request-id", request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except AgentError as error:
            await answer(error, path=scope["path"])(scope, receive, send_with_id)
        except ClientDisconnect:
            log.debug("rest.caller_left", request_id=request_id)
        # A request's outermost frame: whatever it is, the caller gets an answer.
        except Exception:
            log.exception("rest.defect", request_id=request_id)
            if is_started:
                raise
            defect = InternalError(f"The agent failed at this request ({request_id}).")
            await answer(defect, path=scope["path"])(scope, receive, send_with_id)


async def answer_agent_error(request: Request, error: Exception) -> Response:
    """An AgentError that a route raised, answered inside the CORS middleware."""
    if not isinstance(error, AgentError):
        raise error
    return answer(error, path=request.url.path)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such route, no such method) as the agent's."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict((error.headers or {}) if isinstance(error, HTTPException) else {})
    where = f"{request.method} {request.url.path[:200]}"
    refusal: AgentError
    match status:
        case 404:
            refusal = RouteUnknown(f"Unrecognized request URL ({where}).")
        case 405:
            refusal = MethodNotAllowed(f"This route has no such method ({where}).")
        case _:
            refusal = RequestInvalid(f"The request is not valid HTTP ({where}).")
    response = answer(refusal, path=request.url.path)
    response.headers.update(headers)
    return response


def answer(error: AgentError, *, path: str) -> Response:
    """`error` in the form that the callers of `path` read."""
    is_stripe_shaped = path.startswith("/v1/") or path == "/v1"
    if is_stripe_shaped and isinstance(error, StripeRefused):
        refusal = error.error
        return Response(
            refusal.body, status_code=refusal.status, media_type="application/json"
        )
    content = envelope(error) if is_stripe_shaped else problem(error)
    media_type = "application/json" if is_stripe_shaped else "application/problem+json"
    response = Response(
        json.dumps(content),
        status_code=error.status,
        media_type=media_type,
        headers={"cache-control": "no-store"},
    )
    if error.status == 401:
        response.headers["www-authenticate"] = 'Bearer realm="cardlane"'
    if is_stripe_shaped and error.status >= 409:
        # Stripe's libraries repeat 409 and 5xx unless told otherwise.
        response.headers["stripe-should-retry"] = str(error.retryable).lower()
    return response


def envelope(error: AgentError) -> dict[str, dict[str, str]]:
    """Stripe's error object; `remedy` is the agent's addition."""
    fields = {"type": error.type, "code": error.code, "message": error.message}
    if error.param is not None:
        fields["param"] = error.param
    fields["remedy"] = error.remedy
    return {"error": fields}


def problem(error: AgentError) -> dict[str, str | int]:
    """RFC 9457 problem details; `code` and `remedy` are extension members."""
    fields: dict[str, str | int] = {
        "type": f"urn:cardlane:error:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "remedy": error.remedy,
    }
    if error.param is not None:
        fields["param"] = error.param
    return fields
