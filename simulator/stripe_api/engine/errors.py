"""Every refusal the engine itself can answer with, in Stripe's envelope and words.

ApiError
├── InvalidRequest                 the request cannot be carried out as sent (400)
│   ├── ParameterMissing / ParameterUnknown / ParameterInvalid
│   ├── ResourceMissing            no such object (404 in a path, 400 in a parameter)
│   ├── RouteUnknown               no such URL (404)
│   └── BodyTooLarge               more bytes than the server takes (413)
├── AuthenticationFailed           no key, or not one of ours (401)
├── PermissionDenied               a restricted key that may not do this (403)
├── AccountInvalid                 a header names another account (403)
├── RateLimited                    too many requests in a second (429)
├── ObjectLocked                   another request holds the object (429)
├── IdempotencyMismatch            the key was used with another request (400)
├── IdempotencyKeyInUse            the first request is still under way (409)
└── ServerFailure                  a defect, or a fault rule that plays one (5xx)

Errors that mean something only to payments are declared beside the resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

_DOCS = "https://stripe.com/docs/error-codes/"


class ApiError(Exception):
    """One refusal: HTTP status, Stripe's type and code, message and parameter."""

    type: ClassVar[str] = "api_error"
    status: int = 500
    code: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """What the answer's headers say beyond those of every answer."""
    has_effect: ClassVar[bool] = False
    """Whether what was done before the refusal stands."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        """`code` and `param` are left out of the answer where they are None."""
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code

    def fields(self) -> dict[str, Any]:
        """The members of `error` that depend on nothing but the error itself."""
        fields: dict[str, Any] = {}
        if self.code is not None:
            fields["code"] = self.code
            fields["doc_url"] = doc_url(self.code)
        fields["message"] = self.message
        if self.param is not None:
            fields["param"] = self.param
        fields["type"] = self.type
        return fields


class InvalidRequest(ApiError):
    """The request cannot be carried out as sent."""

    type = "invalid_request_error"
    status = 400


class ParameterMissing(InvalidRequest):
    """A required parameter is absent."""

    code = "parameter_missing"

    def __init__(self, param: str) -> None:
        """`param` is the full name, such as `address[country]`."""
        super().__init__(f"Missing required param: {param}.", param=param)


class ParameterUnknown(InvalidRequest):
    """Parameters the operation does not take."""

    code = "parameter_unknown"

    def __init__(self, names: list[str]) -> None:
        """`names` are full names, in the order received, at least one."""
        plural = "s" if len(names) > 1 else ""
        super().__init__(
            f"Received unknown parameter{plural}: {', '.join(names)}", param=names[0]
        )


class ParameterInvalid(InvalidRequest):
    """A parameter's value is of the wrong form or out of range."""


class ResourceMissing(InvalidRequest):
    """No object of that kind and id."""

    code = "resource_missing"

    def __init__(
        self, noun: str, object_id: str, *, param: str, hint: str = "", status: int
    ) -> None:
        """`status` is 404 for an id in the path and 400 for one in a parameter."""
        super().__init__(f"No such {noun}: '{object_id}'{hint}", param=param)
        self.status = status


class RouteUnknown(InvalidRequest):
    """No operation has this method and path."""

    status = 404

    def __init__(self, method: str, path: str) -> None:
        """Stripe answers a wrong method like a wrong path."""
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/."
        )


class BodyTooLarge(InvalidRequest):
    """The body exceeds what the server reads."""

    status = 413


class AuthenticationFailed(ApiError):
    """No API key, or one that is not accepted."""

    type = "invalid_request_error"
    status = 401
    headers = ((b"www-authenticate", b'Basic realm="Stripe"'),)


class PermissionDenied(ApiError):
    """A restricted key without the right to do this."""

    type = "invalid_request_error"
    status = 403


class AccountInvalid(ApiError):
    """The request is for an account that the key's is not connected to."""

    type = "invalid_request_error"
    status = 403
    code = "account_invalid"


class RateLimited(ApiError):
    """Too many requests in too short a time; Stripe's libraries do not repeat them."""

    type = "invalid_request_error"
    status = 429
    code = "rate_limit"
    headers = ((b"stripe-rate-limited-reason", b"global-rate"),)

    def __init__(self) -> None:
        """In Stripe's words."""
        super().__init__(
            "Request rate limit exceeded. Learn more about rate limits here "
            "https://stripe.com/docs/rate-limits."
        )


class ObjectLocked(ApiError):
    """Another request holds the object; Stripe's libraries repeat this one."""

    type = "invalid_request_error"
    status = 429
    code = "lock_timeout"
    headers = ((b"stripe-should-retry", b"true"),)

    def __init__(self) -> None:
        """In Stripe's words."""
        super().__init__(
            "This object cannot be accessed right now because another API request or "
            "Stripe process is currently accessing it. If you see this error "
            "intermittently, retry the request."
        )


class IdempotencyMismatch(ApiError):
    """The idempotency key was used before with another request."""

    type = "idempotency_error"
    status = 400


class IdempotencyKeyInUse(ApiError):
    """A request with this idempotency key is still under way."""

    type = "idempotency_error"
    status = 409
    code = "idempotency_key_in_use"


class ServerFailure(ApiError):
    """Something broke on the server's side, for real or by a fault rule."""

    type = "api_error"
    status = 500


def envelope(
    error: ApiError, *, request_id: str, livemode: bool, now: int
) -> Mapping[str, Any]:
    """The whole JSON body of a refusal; `now` is Unix time in seconds."""
    mode = "" if livemode else "test/"
    log_url = f"https://dashboard.stripe.com/{mode}logs/{request_id}?t={now}"
    return {"error": {**error.fields(), "request_log_url": log_url}}


def doc_url(code: str) -> str:
    """Stripe's page about an error code."""
    return _DOCS + code.replace("_", "-")
