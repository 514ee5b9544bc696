"""The outbox put together: the stream, and what is sent out of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent.clock import Clock
from agent.events import EventBus
from agent.journal.journal import Journal
from agent.outbox.deliveries import Deliveries
from agent.outbox.posting import HttpPost, Post
from agent.outbox.secrets import SECRETS_FILE, WebhookSecrets
from agent.outbox.sending import Sender, Show
from agent.outbox.stream import EventStream
from agent.settings import EventSettings


@dataclass(frozen=True, slots=True)
class Outbox:
    """What others are told of this machine."""

    stream: EventStream
    deliveries: Deliveries
    secrets: WebhookSecrets

    async def run(self) -> None:
        """Tell, deliver and forget what is old, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.stream.run(), name="event stream")
            tasks.create_task(self.deliveries.run(), name="webhooks")


def make_outbox(
    journal: Journal,
    events: EventBus,
    *,
    folder: Path,
    show: Show,
    clock: Clock,
    settings: EventSettings,
    post: Post | None = None,
) -> Outbox:
    """The outbox of this machine; `folder` is where its secrets are."""
    stream = EventStream(journal.events, events, clock=clock)
    secrets = WebhookSecrets(folder / SECRETS_FILE)
    post = post or HttpPost(
        timeout_s=settings.webhook_timeout_s, ca_file=settings.webhook_ca_file
    )
    sender = Sender(
        secrets=secrets, post=post, show=show, clock=clock, hosts=settings.webhook_hosts
    )
    deliveries = Deliveries(
        store=journal.endpoints,
        events=journal.events,
        stream=stream,
        sender=sender,
        clock=clock,
        disable_after=timedelta(seconds=settings.webhook_disable_after_s),
    )
    return Outbox(stream, deliveries, secrets)
