"""Callers that may not."""

from __future__ import annotations

from agent.errors.base import AgentError


class AccessDenied(AgentError):
    """The caller may not do this."""

    code = "access_denied"
    status = 403
    type = "invalid_request_error"
    remedy = "Ask the machine's operator for access."


class LocalKeyMissing(AccessDenied):
    """No local key was sent."""

    code = "local_key_missing"
    status = 401
    remedy = (
        "Send `Authorization: Bearer <key>`; make a key with `cardlane keys create`."
    )


class LocalKeyInvalid(AccessDenied):
    """The key is not one of this agent's, or was revoked."""

    code = "local_key_invalid"
    status = 401
    remedy = "Make a new key with `cardlane keys create`."


class LocalKeyScope(AccessDenied):
    """The key does not have the scope this route asks for."""

    code = "local_key_scope"
    remedy = "Make a key with the scope named in the message."


class HostNotAllowed(AccessDenied):
    """The Host header is none of the names that count where the request came in."""

    code = "host_not_allowed"
    remedy = "Call 127.0.0.1 or localhost; over TLS a name in rest.tls_names."


class OriginNotAllowed(AccessDenied):
    """A web page of an origin that is not configured."""

    code = "origin_not_allowed"
    remedy = "Add the page's origin to `rest.origins` in the settings."
