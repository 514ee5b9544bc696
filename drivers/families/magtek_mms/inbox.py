"""What a transaction has to tell, in order, and what it has to do in between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from drivers import inbox
from drivers.errors import DriverError, ReaderTimeout
from drivers.reader import TransactionEvent

Deed = Callable[[], Awaitable[None]]
"""Done by whoever takes the next event, before it gets one."""


class Inbox:
    """Filled by notices, which cannot wait; emptied by the agent, which can."""

    def __init__(self) -> None:
        self._items: inbox.Inbox[TransactionEvent | DriverError | Deed] = inbox.Inbox()
        self._due: deque[TransactionEvent] = deque()
        self._has_failed = False

    def put(self, item: TransactionEvent | DriverError | Deed) -> None:
        """After everything that is there; an error is raised ever after."""
        if not self._has_failed:
            self._has_failed = isinstance(item, DriverError)
            self._items.put(item)

    def put_news(self, item: TransactionEvent | Deed) -> None:
        """The same for what may be missed where nobody takes it."""
        if not self._has_failed:
            self._items.put_news(item)

    def put_first(self, *events: TransactionEvent) -> None:
        """What came of a deed: told before anything that arrived meanwhile."""
        self._due.extend(events)

    async def next_event(self, *, silence_s: float) -> TransactionEvent:
        """The next event; raises ReaderTimeout after so long without any."""
        while True:
            if self._due:
                return self._due.popleft()
            item = await self._next_item(silence_s)
            if isinstance(item, DriverError):
                self._items.put(item)
                raise item
            if not callable(item):
                return item
            await item()

    async def _next_item(
        self, silence_s: float
    ) -> TransactionEvent | DriverError | Deed:
        if not self._items.is_empty:  # No timer for what is there: readers tell much.
            return self._items.take_at_once()
        try:
            async with asyncio.timeout(silence_s):
                return await self._items.take()
        except TimeoutError:
            raise ReaderTimeout(
                f"the reader told nothing for {silence_s:g} s of a transaction"
            ) from None
