"""One registered reader: when it can be used, for one thing at a time."""

from __future__ import annotations

import asyncio

import pytest
from agent_clock import StillClock
from rest_fakes import registered_reader
from scripted_reader import ScriptedReader

from agent.errors import ReaderBusy, ReaderOffline
from agent.events import EventBus
from agent.readers.session import ReaderSession
from drivers.reader import TransactionRequest

REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


def session_of(
    reader: ScriptedReader | None = None, *, clock: StillClock | None = None
) -> ReaderSession:
    """A session with this reader connected."""
    session = ReaderSession(
        registered_reader("tmr_1", serial_number="B50"),
        clock=clock or StillClock(),
        events=EventBus(),
    )
    if reader is not None:
        session.set_online(reader)
    return session


async def test_a_reader_that_never_connected_is_offline() -> None:
    session = session_of()

    with pytest.raises(ReaderOffline, match="not_connected_yet"):
        async with session.transaction(REQUEST):
            pass


async def test_one_reader_is_used_for_one_thing_at_a_time() -> None:
    session = session_of(ScriptedReader())

    async def use() -> None:
        async with session.transaction(REQUEST):
            order.append("second")

    order: list[str] = []
    async with session.transaction(REQUEST):
        using = asyncio.create_task(use())
        await asyncio.sleep(0)
        order.append("first")
    await using

    assert order == ["first", "second"]


async def test_a_reader_was_seen_when_it_was_last_used() -> None:
    clock = StillClock()
    session = session_of(ScriptedReader(), clock=clock)
    clock.advance(300)

    async with session.transaction(REQUEST):
        clock.advance(5)

    assert session.last_seen_at == clock.now()


async def test_a_reserved_reader_takes_no_payment() -> None:
    session = session_of(ScriptedReader())

    with session.reserve("a firmware update"):
        with pytest.raises(ReaderBusy, match="busy with a firmware update"):
            async with session.transaction(REQUEST):
                pass
        with pytest.raises(ReaderBusy), session.reserve("another"):
            pass
    async with session.transaction(REQUEST) as transaction:
        pass

    assert transaction is not None


async def test_a_reader_in_use_cannot_be_reserved_or_used_otherwise() -> None:
    session = session_of(ScriptedReader())

    async with session.transaction(REQUEST):
        with pytest.raises(ReaderBusy), session.reserve("a firmware update"):
            pass
        with pytest.raises(ReaderBusy):
            async with session.use():
                pass

    session.check_free()


async def test_whoever_has_reserved_a_reader_waits_for_it_to_come_back() -> None:
    before, after = ScriptedReader(), ScriptedReader()
    session = session_of()
    waiting = asyncio.create_task(session.connected())
    await asyncio.sleep(0)
    session.set_online(before)
    found = await waiting
    coming_back = asyncio.create_task(session.connected(after=found))
    await asyncio.sleep(0)
    session.set_offline("reader_disconnected")
    session.set_online(after)
    back = await coming_back

    assert found is before
    assert back is after
