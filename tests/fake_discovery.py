"""One run of discovery in a test's hands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agent.readers.discovered import DiscoveryEnded, DiscoveryEvent


class FakeDiscovery:
    """One run of discovery that tells what was prepared, and whether it was left."""

    def __init__(self, events: Sequence[DiscoveryEvent | Exception]) -> None:
        """Without DiscoveryEnded it goes on for ever, without news."""
        self.is_left = False
        self._events = list(events)
        self._has_ended = False

    def __enter__(self) -> FakeDiscovery:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_left = True

    def __aiter__(self) -> FakeDiscovery:
        return self

    async def __anext__(self) -> DiscoveryEvent:
        if self._has_ended:
            raise StopAsyncIteration
        if not self._events:
            await asyncio.Event().wait()
        event = self._events.pop(0)
        if isinstance(event, Exception):
            raise event
        self._has_ended = isinstance(event, DiscoveryEnded)
        return event
