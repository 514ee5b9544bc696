"""What a reader tells, in order, until somebody takes it."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

MOST_NEWS = 64
"""Beyond it news are dropped: whoever should take them is busy, at Stripe for example,
and a reader that has lost its mind may tell for as long as that lasts."""


class Inbox(Generic[ItemT]):
    """Filled by those who cannot wait, emptied by one who can."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[ItemT] = asyncio.Queue()

    @property
    def is_empty(self) -> bool:
        """Whether `take` would have to wait."""
        return self._items.empty()

    def put(self, item: ItemT) -> None:
        """What must not be lost, of which there are only so many: data, ends, errors."""
        self._items.put_nowait(item)

    def put_news(self, item: ItemT) -> None:
        """What can be missed: dropped where MOST_NEWS wait already."""
        if self._items.qsize() < MOST_NEWS:
            self._items.put_nowait(item)

    async def take(self) -> ItemT:
        """The oldest, as soon as there is one."""
        return await self._items.get()

    def take_at_once(self) -> ItemT:
        """The oldest; there must be one."""
        return self._items.get_nowait()
