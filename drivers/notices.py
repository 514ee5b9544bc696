"""What a reader tells of itself, kept in order until its one listener takes it."""

from __future__ import annotations

import asyncio

from drivers.reader import DeviceNotice

MOST_KEPT = 32
"""Beyond it the oldest is dropped: nobody listens."""


class NoticeQueue:
    """Implements what drivers.reader.Reader.notices returns."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[DeviceNotice | None] = asyncio.Queue()

    def tell(self, notice: DeviceNotice) -> None:
        """The reader tells this; never waits."""
        if self._told.qsize() >= MOST_KEPT:
            self._told.get_nowait()
        self._told.put_nowait(notice)

    def end(self) -> None:
        """The wire is gone: nothing comes after what was told. Safe to call twice."""
        self._told.put_nowait(None)

    def __aiter__(self) -> NoticeQueue:
        return self

    async def __anext__(self) -> DeviceNotice:
        notice = await self._told.get()
        if notice is None:
            self._told.put_nowait(None)
            raise StopAsyncIteration
        return notice
