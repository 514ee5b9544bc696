"""One event as it is sent to one endpoint: rendered, signed, posted once."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from importlib.metadata import version
from typing import Any

from agent.clock import Clock
from agent.journal.event_log import RecordedEvent
from agent.journal.webhook_endpoints import WebhookEndpoint
from agent.outbox.destination import NotAllowed, destination_of
from agent.outbox.posting import Post, PostFailed
from agent.outbox.secrets import WebhookSecrets
from agent.outbox.signature import signature

Show = Callable[[RecordedEvent, int], dict[str, Any]]
"""The event as an object, with how many endpoints have not taken it yet."""


class SecretMissing(Exception):
    """Nothing can be signed for this endpoint."""


class Sender:
    """Sends events, with Stripe's headers."""

    def __init__(
        self,
        *,
        secrets: WebhookSecrets,
        post: Post,
        show: Show,
        clock: Clock,
        hosts: Collection[str],
    ) -> None:
        self.secrets = secrets
        self._post = post
        self._show = show
        self._clock = clock
        self._hosts = hosts
        self._headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": f"Cardlane/{version('cardlane')}",
        }

    async def send(
        self, endpoint: WebhookEndpoint, event: RecordedEvent, *, pending: int
    ) -> str | None:
        """Send the event once; None where it was taken, else why not.

        Raises SecretMissing.
        """
        secret = self.secrets.get(endpoint.endpoint_id)
        if secret is None:
            raise SecretMissing
        body = json.dumps(self._show(event, pending), indent=2).encode()
        at = int(self._clock.now().timestamp())
        signed = {"stripe-signature": signature(body, secret=secret, at=at)}
        try:
            destination = destination_of(endpoint.url, hosts=self._hosts)
            status = await self._post(
                destination, body, headers={**self._headers, **signed}
            )
        except (NotAllowed, PostFailed) as error:
            return str(error)
        return None if 200 <= status < 300 else f"HTTP {status}"
