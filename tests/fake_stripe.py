"""Stripe as the REST API's own tests have it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from agent.errors import AgentError
from agent.stripe_api.client import ForwardedAnswer


class FakeStripe:
    """Fulfils agent.rest.services.Upstream; answers what a test prepared."""

    def __init__(self) -> None:
        self.has_key = True
        self.answer = ForwardedAnswer(200, {"content-type": "application/json"}, b"{}")
        self.objects: dict[str, object] = {
            "/v1/terminal/readers": {"data": [], "has_more": False}
        }
        """Answers by path, in place of `answer`."""
        self.refusal: AgentError | None = None
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.on_asked: Callable[[], None] | None = None
        """What happens while Stripe is being asked."""

    async def forward(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
    ) -> ForwardedAnswer:
        if self.refusal is not None:
            raise self.refusal
        if self.on_asked is not None:
            self.on_asked()
        self.asked.append((method, path_and_query, dict(headers), body))
        path = path_and_query.partition("?")[0]
        if path not in self.objects:
            return self.answer
        content = json.dumps(self.objects[path]).encode()
        return ForwardedAnswer(200, {"content-type": "application/json"}, content)

    def paths(self, method: str) -> list[str]:
        """What was asked for with this method."""
        return [target for asked, target, _, _ in self.asked if asked == method]
