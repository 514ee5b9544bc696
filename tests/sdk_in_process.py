"""Stripe's official Python SDK on an application in this process, without a socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe
from asgi_client import AsgiClient


class _Transport(stripe.HTTPClient):
    """The SDK's way out: a call of the application."""

    name = "asgi"

    def __init__(self, client: AsgiClient) -> None:
        super().__init__()
        self._client = client

    async def request_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        target = url.removeprefix("http://127.0.0.1:7345")
        sent = dict(headers or {})
        # The application's client has a key of its own.
        sent.pop("Authorization")
        body = b"" if post_data is None else str(post_data).encode()
        answer = await self._client.request(
            method.upper(), target, headers=sent, chunks=[body]
        )
        return answer.body, answer.status, answer.headers


def sdk_on(client: AsgiClient, *, key: str = "rk_test_anything") -> stripe.StripeClient:
    """The SDK, calling with the client's own key; use its `…_async` methods."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": "http://127.0.0.1:7345"},
        http_client=_Transport(client),
        max_network_retries=0,
    )
