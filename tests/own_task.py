"""What runs in a TaskGroup of its own, so that a failing test shows its own error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

Begun = TypeVar("Begun")


class _Ended(Exception):
    """Ends the TaskGroup: everything in it is cancelled."""


@asynccontextmanager
async def at_work(
    begin: Callable[[asyncio.TaskGroup], Awaitable[Begun]],
) -> AsyncIterator[Begun]:
    """What `begin` gives once it has begun; its tasks end with the block."""
    begun: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
    end = asyncio.Event()

    async def work() -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                begun.set_result(await begin(tasks))
                await end.wait()
                raise _Ended
        except* _Ended:
            pass

    working = asyncio.create_task(work())
    working.add_done_callback(lambda _: begun.done() or begun.cancel())
    await asyncio.wait([begun])
    if begun.cancelled():
        await working  # it failed before it had begun, and says how
    try:
        yield begun.result()
    finally:
        end.set()
        await working
