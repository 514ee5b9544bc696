"""An outbox for tests, and who receives what it sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent.clock import Clock
from agent.events import EventBus
from agent.journal.journal import Journal
from agent.outbox.destination import Destination
from agent.outbox.outbox import Outbox, make_outbox
from agent.outbox.posting import Post, PostFailed
from agent.rest.event_object import Shown, event_object
from agent.settings import EventSettings

SHOWN = Shown("2026-10-28.endive", livemode=False)


def quiet_outbox(
    folder: Path,
    journal: Journal,
    events: EventBus,
    *,
    clock: Clock,
    post: Post | None = None,
    settings: EventSettings | None = None,
) -> Outbox:
    """An outbox that sends nothing before it is run."""
    return make_outbox(
        journal,
        events,
        folder=folder,
        show=partial(event_object, shown=SHOWN),
        clock=clock,
        settings=settings or EventSettings(),
        post=post,
    )


@dataclass
class Receiver:
    """Fulfils Post: an endpoint that answers what a test wants, and remembers."""

    answers: list[int | str] = field(default_factory=list)
    """One status after the other, then 200; a text is why no answer came."""
    taken: list[str] = field(default_factory=list)
    """The ids of the events it has answered with success."""
    requests: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    """URL path, body and headers of every attempt."""
    breaks: int = 0
    """So many requests meet a defect first."""
    sleeps_at: str | None = None
    """A path whose requests take long."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, destination: Destination, body: bytes, *, headers: Mapping[str, str]
    ) -> int:
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("a defect")
        if destination.target == self.sleeps_at:
            await asyncio.sleep(9.0)
        self.requests.append((destination.target, body, dict(headers)))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, str):
            raise PostFailed(answer)
        if answer < 300:
            self.taken.append(str(json.loads(body)["id"]))
            self._news.set()
        return answer

    async def has_taken(self, number: int) -> None:
        """Return when it has taken so many events."""
        while len(self.taken) < number:
            self._news.clear()
            await self._news.wait()
