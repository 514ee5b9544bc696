"""One reader's connection: when it can be used, and when it is closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from agent_clock import StillClock
from rest_fakes import registered_reader
from scripted_reader import ScriptedReader

from agent.errors import ReaderBusy, ReaderOffline
from agent.events import EventBus
from agent.readers.session import ReaderSession
from agent.settings import ReaderSettings
from drivers.reader import Reader, TransactionRequest

REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


def session_of(*readers: ScriptedReader, serial_number: str = "B50") -> ReaderSession:
    """A session whose port holds these readers, one after the other."""
    waiting = list(readers)

    async def opened(spec: str, model: str | None) -> Reader:
        return waiting.pop(0) if waiting else await asyncio.Future()

    return ReaderSession(
        registered_reader("tmr_1", serial_number=serial_number),
        open_reader=opened,
        clock=StillClock(),
        events=EventBus(),
        settings=ReaderSettings(),
    )


async def test_a_reader_that_never_connected_is_offline() -> None:
    session = session_of()

    with pytest.raises(ReaderOffline, match="not_connected_yet"):
        async with session.transaction(REQUEST):
            pass


async def test_a_session_that_ends_closes_its_reader() -> None:
    reader = ScriptedReader()
    session = session_of(reader)
    running = asyncio.create_task(session.run())
    await session.first_attempt()
    running.cancel()
    await asyncio.wait([running])

    assert reader.unplugged.is_set()
    assert session.status == "offline"


async def test_another_reader_on_the_port_is_closed_again() -> None:
    other, right = ScriptedReader(), ScriptedReader()
    other.info = replace(other.info, serial_number="B51")
    session = session_of(other, right)
    running = asyncio.create_task(session.run())
    await other.unplugged.wait()
    running.cancel()
    await asyncio.wait([running])

    assert session.record.serial_number == right.info.serial_number


async def test_one_reader_is_used_for_one_thing_at_a_time() -> None:
    session = session_of(ScriptedReader())
    running = asyncio.create_task(session.run())
    await session.first_attempt()

    async def use() -> None:
        async with session.transaction(REQUEST):
            order.append("second")

    order: list[str] = []
    async with session.transaction(REQUEST):
        using = asyncio.create_task(use())
        await asyncio.sleep(0)
        order.append("first")
    await using
    running.cancel()
    await asyncio.wait([running])

    assert order == ["first", "second"]


async def test_a_reserved_reader_takes_no_payment() -> None:
    session = session_of(ScriptedReader())
    running = asyncio.create_task(session.run())
    await session.first_attempt()

    with session.reserve("a firmware update"):
        with pytest.raises(ReaderBusy, match="busy with a firmware update"):
            async with session.transaction(REQUEST):
                pass
        with pytest.raises(ReaderBusy), session.reserve("another"):
            pass
    async with session.transaction(REQUEST) as transaction:
        running.cancel()
        await asyncio.wait([running])

    assert transaction is not None


async def test_a_reader_in_use_cannot_be_reserved() -> None:
    session = session_of(ScriptedReader())
    running = asyncio.create_task(session.run())
    await session.first_attempt()

    async with session.transaction(REQUEST):
        with pytest.raises(ReaderBusy), session.reserve("a firmware update"):
            pass
    running.cancel()
    await asyncio.wait([running])

    session.check_free()


async def test_whoever_has_reserved_a_reader_waits_for_it_to_come_back() -> None:
    before, after = ScriptedReader(), ScriptedReader()
    session = session_of(before, after)
    waiting = asyncio.create_task(session.connected())
    running = asyncio.create_task(session.run())
    found = await waiting
    coming_back = asyncio.create_task(session.connected(after=found))
    await before.aclose()
    back = await coming_back
    running.cancel()
    await asyncio.wait([running])

    assert found is before
    assert back is after
