"""News of ports in a test's hands, and machines that have none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from drivers.discovery.candidates import PortChange
from drivers.errors import PortWatchUnavailable

Watching = AbstractAsyncContextManager[AsyncIterator[PortChange]]


class News:
    """A watch that tells what a test tells it."""

    def __init__(self, *changes: PortChange) -> None:
        self.is_open = False
        self._changes: asyncio.Queue[PortChange | None] = asyncio.Queue()
        self.tell(*changes)

    def tell(self, *changes: PortChange) -> None:
        for change in changes:
            self._changes.put_nowait(change)

    def end(self) -> None:
        """From here on the system falls silent."""
        self._changes.put_nowait(None)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[PortChange]]:
        """Fulfils drivers.discovery.candidates.WatchPorts."""
        self.is_open = True
        try:
            yield self._told()
        finally:
            self.is_open = False

    async def _told(self) -> AsyncIterator[PortChange]:
        while (change := await self._changes.get()) is not None:
            yield change
        raise PortWatchUnavailable("the system fell silent")


class NoNews:
    """A machine that tells nobody of its ports."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error or PortWatchUnavailable("nobody may ask")

    def watch(self) -> Watching:
        """Fulfils drivers.discovery.candidates.WatchPorts."""
        return _Refused(self._error)


class _Refused(AbstractAsyncContextManager[AsyncIterator[PortChange]]):
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __aenter__(self) -> AsyncIterator[PortChange]:
        raise self._error

    async def __aexit__(self, *_: object) -> None:
        """Never entered."""
