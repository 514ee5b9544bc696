"""Calls that hang keep no other call from being made."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from drivers.transport.own_thread import in_own_thread

HANGING = 64


async def test_calls_that_hang_delay_no_other() -> None:
    let_go = Event()
    hanging = [
        asyncio.create_task(in_own_thread(let_go.wait, name="hangs"))
        for _ in range(HANGING)
    ]
    await asyncio.sleep(0)

    answer = await in_own_thread(lambda: "open", name="opens")
    let_go.set()

    assert answer == "open"
    assert await asyncio.gather(*hanging) == [True] * HANGING


async def test_what_a_call_raises_is_raised() -> None:
    def fails() -> None:
        raise OSError("no such port")

    with pytest.raises(OSError, match="no such port"):
        await in_own_thread(fails, name="fails")


async def test_a_call_that_nobody_awaits_any_more_ends_alone() -> None:
    let_go, has_ended = Event(), Event()

    def hangs() -> None:
        let_go.wait()
        has_ended.set()

    calling = asyncio.create_task(in_own_thread(hangs, name="hangs"))
    await asyncio.sleep(0)
    calling.cancel()
    await asyncio.wait([calling])
    let_go.set()

    assert calling.cancelled()
    assert await in_own_thread(has_ended.wait, name="waits")


def test_a_call_may_outlive_the_loop() -> None:
    let_go = Event()

    async def leave() -> None:
        calling = asyncio.create_task(in_own_thread(let_go.wait, name="hangs"))
        await asyncio.sleep(0)
        calling.cancel()

    asyncio.run(leave())
    let_go.set()
