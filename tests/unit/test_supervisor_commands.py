"""One reader as its operator commands it: disconnected, connected, restarted."""

from __future__ import annotations

import asyncio

import pytest
from fleet_bench import bench, named
from scripted_reader import ScriptedReader
from virtual_time import in_virtual_time

from agent.errors import ReaderBusy, ReaderOffline
from agent.events import (
    ReaderDisconnected,
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
    ReaderStatusChanged,
)
from agent.ids import ReaderId
from agent.readers.reconnect import Phase
from drivers.errors import Disconnected, FrameError, ReaderRefused
from drivers.reader import TransactionRequest

ID = ReaderId("tmr_1")
HOME = "serial:/dev/B50"
REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


@in_virtual_time
async def test_a_disconnected_reader_stays_away_until_it_is_wanted() -> None:
    async with bench() as one:
        await one.until_online()
        one.told()
        await one.supervisor.disconnect()
        is_given_back, told = one.ports.latest.unplugged.is_set(), one.told()
        await one.supervisor.disconnect()
        await one.clock.sleep(3600)
        opened = len(one.ports.opened)
        await one.supervisor.connect()
        await one.supervisor.connect()

        assert one.session.status == "online"
    assert is_given_back
    assert opened == 1
    assert told == [
        ReaderStatusChanged(ID, "offline", "reader_disconnect_requested"),
        ReaderDisconnected(ID, "disconnect_requested"),
    ]


@in_virtual_time
async def test_a_reader_that_is_connecting_can_be_sent_away() -> None:
    async with bench({HOME: None}) as one:
        await asyncio.sleep(1)
        await one.supervisor.disconnect()
        one.ports.holds[HOME] = named("B50")
        await one.clock.sleep(3600)

        assert one.standing.phase is Phase.DISCONNECTED
        assert len(one.ports.opened) == 1


@in_virtual_time
async def test_connecting_tells_why_it_failed() -> None:
    async with bench({HOME: FrameError("noise")}) as one:
        await one.session.first_attempt()

        with pytest.raises(ReaderOffline, match="reader_frame_invalid"):
            await one.supervisor.connect()


@in_virtual_time
async def test_connecting_waits_for_a_disconnect_under_way() -> None:
    async with bench() as one:
        await one.until_online()
        leaving = asyncio.create_task(one.supervisor.disconnect())
        await asyncio.sleep(0)
        await one.supervisor.connect()
        await leaving

        assert one.session.status == "online"
        assert len(one.ports.readers) == 2


@in_virtual_time
async def test_a_reader_in_use_is_neither_disconnected_nor_restarted() -> None:
    async with bench() as one:
        await one.until_online()
        async with one.session.transaction(REQUEST):
            with pytest.raises(ReaderBusy):
                await one.supervisor.disconnect()
            with pytest.raises(ReaderBusy):
                await one.supervisor.reboot()

        assert one.session.status == "online"


@in_virtual_time
@pytest.mark.parametrize("drops", [True, False])
async def test_a_restarted_reader_comes_back_by_itself(drops: bool) -> None:
    class Restarting(ScriptedReader):
        async def reset(self) -> None:
            if drops:
                self.unplugged.set()
                raise Disconnected(HOME, "it restarts")

    async with bench({HOME: Restarting}) as one:
        await one.until_online()
        one.told()
        await one.supervisor.reboot()
        await one.until_online()
        told = one.told()

    assert told == [
        ReaderStatusChanged(ID, "offline", "reader_disconnected"),
        ReaderReconnectStarted(ID, "reboot_requested"),
        ReaderReconnectSucceeded(ID),
        ReaderStatusChanged(ID, "online", None),
    ]


@in_virtual_time
async def test_a_reader_that_refuses_to_restart_stays_connected() -> None:
    class Refusing(ScriptedReader):
        async def reset(self) -> None:
            raise ReaderRefused("Reset", detail="0F")

    async with bench({HOME: Refusing}) as one:
        await one.until_online()
        with pytest.raises(ReaderRefused):
            await one.supervisor.reboot()
        one.supervisor.port_added()
        await asyncio.sleep(1)

        assert one.session.status == "online"
        assert len(one.ports.readers) == 1
