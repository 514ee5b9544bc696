"""What a transaction has to tell, in order, and what it has to do in between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from drivers.errors import DriverError, ReaderTimeout
from drivers.reader import TransactionEvent

Deed = Callable[[], Awaitable[None]]
"""Done by whoever takes the next event, before it gets one."""


class Inbox:
    """Filled by notices, which cannot wait; emptied by the agent, which can."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[TransactionEvent | DriverError | Deed] = (
            asyncio.Queue()
        )
        self._due: deque[TransactionEvent] = deque()

    def put(self, item: TransactionEvent | DriverError | Deed) -> None:
        """After everything that is there; an error is raised ever after."""
        self._items.put_nowait(item)

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
                self._items.put_nowait(item)
                raise item
            if not callable(item):
                return item
            await item()

    async def _next_item(
        self, silence_s: float
    ) -> TransactionEvent | DriverError | Deed:
        if not self._items.empty():  # No timer for what is there: readers tell much.
            return self._items.get_nowait()
        try:
            async with asyncio.timeout(silence_s):
                return await self._items.get()
        except TimeoutError:
            raise ReaderTimeout(
                f"the reader told nothing for {silence_s:g} s of a transaction"
            ) from None
