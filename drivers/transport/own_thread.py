"""A call that may block for ever, in a thread that nobody else waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_own_thread(call: Callable[[], T], *, name: str) -> T:
    """What `call` returns or raises.

    The threads that asyncio shares are few: some ports that hang would take them all,
    and no other port could be opened.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(put: Callable[[], None]) -> None:
        # Whoever asked may have left.
        if not answer.done():
            put()

    def work() -> None:
        try:
            put = partial(answer.set_result, call())
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            put = partial(answer.set_exception, error)
        # The loop may have ended while the call hung.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, put)

    Thread(target=work, name=name, daemon=True).start()
    return await answer
