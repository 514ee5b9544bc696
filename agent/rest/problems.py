"""Every error's way out: Stripe's envelope under `/v1`, problem details elsewhere.

The one place that turns an exception into an answer. Nothing of an unexpected
exception reaches the caller, only the request id under which it was logged.
"""

from __future__ import annotations

import json
from math import ceil

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import (
    AgentError,
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    RateLimited,
    RequestInvalid,
    RequestTimedOut,
    RouteUnknown,
)
from agent.ids import Random, new_id
from agent.log import get_logger, redact
from agent.rest.cors import readable_by_page
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
        send_to_caller = readable_by_page(scope, send)
        is_started = False

        async def send_with_id(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                _log(scope, request_id=request_id, status=message["status"])
                # A forwarded answer keeps Stripe's id, which Stripe's support asks for.
                MutableHeaders(scope=message).setdefault("request-id", request_id)
            await send_to_caller(message)

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


def _log(scope: Scope, *, request_id: str, status: int) -> None:
    """Every answer for whoever looks for a fault; refused callers for everybody."""
    write = log.warning if status in (401, 403) else log.debug
    write(
        "rest.answered",
        request_id=request_id,
        method=scope["method"],
        path=scope["path"],
        status=status,
    )


async def answer_exception(request: Request, error: Exception) -> Response:
    """What a route raised.

    Starlette's own refusals (no such route, no such method) become the agent's.
    """
    path = request.url.path
    if isinstance(error, AgentError):
        return answer(error, path=path)
    if isinstance(error, HTTPException):
        where = f"{request.method} {path[:200]}"
        response = answer(_refusal_of(error, where=where), path=path)
        response.headers.update(error.headers or {})
        return response
    raise error


def _refusal_of(error: HTTPException, *, where: str) -> AgentError:
    match error.status_code:
        case 404:
            return RouteUnknown(f"Unrecognized request URL ({where}).")
        case 405:
            return MethodNotAllowed(f"This route has no such method ({where}).")
        case _:
            return RequestInvalid(f"The request is not valid HTTP ({where}).")


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
    if isinstance(error, RateLimited):
        response.headers["retry-after"] = str(ceil(error.retry_after_s))
    if isinstance(error, BodyTooLarge | RequestTimedOut):
        # What is still to come of the body would be taken for the next request.
        response.headers["connection"] = "close"
    if is_stripe_shaped and error.status >= 409:
        # Stripe's libraries repeat 409 and 5xx unless told otherwise.
        response.headers["stripe-should-retry"] = str(error.retryable).lower()
    return response


def envelope(error: AgentError) -> dict[str, dict[str, str]]:
    """Stripe's error object; `remedy` is the agent's addition."""
    fields = {"type": error.type, "code": error.code, "message": told(error.message)}
    if error.param is not None:
        fields["param"] = told(error.param)
    fields["remedy"] = error.remedy
    return {"error": fields}


def problem(error: AgentError) -> dict[str, str | int]:
    """RFC 9457 problem details; `code` and `remedy` are extension members."""
    fields: dict[str, str | int] = {
        "type": f"urn:cardlane:error:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": told(error.message),
        "code": error.code,
        "remedy": error.remedy,
    }
    if error.param is not None:
        fields["param"] = told(error.param)
    return fields


def told(text: str) -> str:
    """The text without a card number or a key that a caller has put into it.

    Messages name what was sent, and land in the logs of those who sent it.
    """
    return str(redact("message", text))
