"""One endpoint's way through the events: which it wants, and how far it is. No I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agent.journal.event_log import RecordedEvent
from agent.journal.webhook_endpoints import WebhookEndpoint

EVERYTHING = "*"
FAILING = "failing"
UNSIGNABLE = "secret_missing"
UNWELL = frozenset({FAILING, UNSIGNABLE})
"""Why an endpoint may be disabled though its owner wants it."""


class Lane:
    """An endpoint as it is now; what is on the disk may be a little behind."""

    def __init__(self, endpoint: WebhookEndpoint) -> None:
        self.endpoint = endpoint

    @property
    def is_enabled(self) -> bool:
        """Whether anything is sent."""
        return self.endpoint.disabled_reason is None

    def wants(self, event: RecordedEvent) -> bool:
        """Whether the endpoint asked for such events."""
        return not {EVERYTHING, event.type}.isdisjoint(self.endpoint.enabled_events)

    def waits_for(self, event: RecordedEvent) -> bool:
        """Whether it is still to be sent."""
        is_ahead = event.seq > self.endpoint.delivered_seq
        return self.is_enabled and is_ahead and self.wants(event)

    def change(self, **changes: Any) -> None:
        """As its owner wants it from now on."""
        self.endpoint = replace(self.endpoint, **changes)

    def passed(self, event: RecordedEvent) -> None:
        """Nothing up to here is to be sent any more."""
        self.change(delivered_seq=event.seq)

    def took(self, event: RecordedEvent) -> None:
        """The endpoint has taken it."""
        self.change(delivered_seq=event.seq, failing_since=None)

    def failed(self, at: datetime) -> timedelta:
        """An attempt has failed; for how long none has succeeded."""
        since = self.endpoint.failing_since or at
        self.change(failing_since=since)
        return at - since
