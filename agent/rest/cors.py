"""What lets a web page read an answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

_EXPOSED = (
    "Cardlane-Incomplete, Idempotent-Replayed, Preference-Applied, Request-Id, "
    "Retry-After, Stripe-Should-Retry"
)
_PAGE = "cardlane.page"
"""Where a request's scope has the origin of the page that may read its answer."""


def admit_page(scope: Scope, origin: str) -> None:
    """Every answer to this request is for the page's eyes, too."""
    scope[_PAGE] = origin


def readable_by_page(scope: Scope, send: Send) -> Send:
    """`send`, with the headers for the page that has been admitted by then, if any."""

    async def send_with_cors(message: Message) -> None:
        origin = scope.get(_PAGE)
        if message["type"] == "http.response.start" and origin is not None:
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = _EXPOSED
            headers.add_vary_header("Origin")
        await send(message)

    return send_with_cors
