"""What every route answers, and the headers it reads, in OpenAPI's words."""

from __future__ import annotations

from agent.rest.openapi.declared import JSON, Declared, Header
from agent.rest.openapi.schemas import Schema

_TEXT = {"type": "string"}
_REQUEST_ID = {"Request-Id": {"$ref": "#/components/headers/Request-Id"}}
_ERROR_FIELDS = {"code": _TEXT, "remedy": _TEXT, "param": _TEXT}
STRIPE_ERROR: Schema = {
    "type": "object",
    "description": "Stripe's error object; `remedy` is the agent's addition. What "
    "Stripe has answered comes as it is.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": _TEXT, "message": _TEXT, **_ERROR_FIELDS},
        }
    },
}
PROBLEM: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457) with `code` and `remedy`.",
    "required": ["type", "title", "status", "detail", "code", "remedy"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        **_ERROR_FIELDS,
    },
}
ERRORS: dict[str, Schema] = {
    name: {
        "description": "Refused or failed; the code is in docs/errors.md.",
        "headers": _REQUEST_ID,
        "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
    for name, media_type in (
        ("StripeError", JSON),
        ("Problem", "application/problem+json"),
    )
}
HEADERS: dict[str, Schema] = {
    "Request-Id": {
        "description": "By which the log knows the request; of what was passed on, "
        "Stripe's.",
        "schema": _TEXT,
    }
}
_READ: dict[Header, tuple[str, Schema]] = {
    Header.IDEMPOTENCY_KEY: (
        "The same key gets the same answer and has no second effect.",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
    Header.PREFER: (
        "`wait=N` holds the answer until the action ends, N seconds at most.",
        {"type": "string", "examples": ["wait=60"]},
    ),
    Header.LEASE_TOKEN: (
        "The `token` of the lease under which the order was given.",
        {"type": "integer", "minimum": 0},
    ),
    Header.LAST_EVENT_ID: ("The event to go on after.", _TEXT),
    Header.STRIPE_VERSION: ("Passed on to Stripe.", _TEXT),
}
PARAMETERS: dict[str, Schema] = {
    header.value: {
        "name": header.value,
        "in": "header",
        "description": description,
        "schema": schema,
    }
    for header, (description, schema) in _READ.items()
}


def responses(declared: Declared, *, path: str) -> Schema:
    """By status: success, and the form of errors that the callers of `path` read."""
    content = {each: {"schema": _content(each)} for each in declared.answers}
    answered = {"headers": _REQUEST_ID, "content": content}
    error = "StripeError" if path.startswith("/v1/") else "Problem"
    refused = {"$ref": f"#/components/responses/{error}"}
    return {
        "200": {"description": "Done, or begun.", **answered},
        **{
            str(status): {"description": "As 200, of what is not well.", **answered}
            for status in declared.failing_alike
        },
        "4XX": refused,
        "5XX": refused,
    }


def _content(media_type: str) -> Schema:
    match media_type:
        case "application/json":
            return {"type": "object"}
        case "application/octet-stream":
            return {}
        case _:
            return _TEXT
