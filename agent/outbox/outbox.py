"""The outbox put together: the stream, and what is sent out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from agent.clock import Clock
from agent.events import EventBus
from agent.journal.journal import Journal
from agent.outbox.deliveries import Deliveries
from agent.outbox.posting import HttpPost, Post
from agent.outbox.retention import keep_forgetting
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
    forgetting: Callable[[], Coroutine[None, None, None]]

    async def run(self) -> None:
        """Tell, deliver and forget what is old, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.stream.run(), name="event stream")
            tasks.create_task(self.deliveries.run(), name="webhooks")
            tasks.create_task(self.forgetting(), name="old events")


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
    forgetting = partial(
        keep_forgetting, journal.events, clock=clock, settings=settings
    )
    return Outbox(stream, deliveries, secrets, forgetting)
