"""Looking for newer firmware without being asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

import pytest
from firmware_bench import NOW, FirmwareBench, Till

from agent.events import UpdateAvailable, UpdateFinished
from agent.firmware.record import UpdateRecord
from agent.firmware.schedule import keep_looking
from agent.firmware.states import UpdateState
from agent.firmware.updates import Updates
from agent.ids import ReaderId

INTERVAL_S = 60.0
EventT = TypeVar("EventT", UpdateAvailable, UpdateFinished)


@pytest.fixture
def till(tmp_path: Path) -> Till:
    till = Till(tmp_path)
    till.settings = {"check_interval_s": INTERVAL_S, "window": "00:00-00:00"}
    return till


@asynccontextmanager
async def looking(till: Till, automatic: str) -> AsyncIterator[FirmwareBench]:
    """An agent that looks by itself in every interval."""
    till.settings["automatic"] = automatic
    async with till.agent() as bench:
        task = asyncio.create_task(
            keep_looking(
                bench.updates,
                fleet=bench.fleet,
                clock=till.clock,
                settings=bench.catalog.settings,
            )
        )
        yield bench
        task.cancel()
        await asyncio.wait([task])


async def test_newer_firmware_is_announced_and_not_installed(till: Till) -> None:
    till.publish("2.0")
    async with looking(till, "check") as bench:
        reader = await bench.register(till.device)
        available = await happening(bench, UpdateAvailable)
        await till.clock.sleep(2 * INTERVAL_S)

        assert available.firmware_version == "2.0"
        assert bench.updates.current(reader) is None


async def test_newer_firmware_is_installed_where_the_settings_say_so(
    till: Till,
) -> None:
    till.publish("2.0")
    async with looking(till, "install") as bench:
        reader = await bench.register(till.device)
        await happening(bench, UpdateFinished)
        record = bench.updates.current(reader)

    assert record is not None
    assert record.update.state is UpdateState.DONE
    assert record.update.requested.asked_by == "schedule"
    assert record.update.requested.waits_for_window
    assert till.device.firmware_version == "2.0"


async def test_what_went_wrong_once_is_not_tried_every_night(till: Till) -> None:
    till.publish("2.0")
    till.device.images.clear()
    async with looking(till, "install") as bench:
        await bench.register(till.device)
        await happening(bench, UpdateFinished)
        await till.clock.sleep(5 * INTERVAL_S)

    assert till.device.loads == 1


async def test_an_update_under_way_is_left_alone(till: Till) -> None:
    till.publish("2.0")
    async with looking(till, "install") as bench:
        reader = await bench.register(till.device)
        bench.in_payment.add(reader)
        record = await bench.updates.request(reader, NOW)
        await till.clock.sleep(3 * INTERVAL_S)
        bench.in_payment.clear()

        update = await bench.ended(record)

    assert update.state is UpdateState.DONE


async def test_a_repository_that_fails_is_asked_again(till: Till) -> None:
    away = till.repository.folder.rename(till.folder / "away")
    async with looking(till, "install") as bench:
        reader = await bench.register(till.device)
        await till.clock.sleep(2.5 * INTERVAL_S)
        away.rename(till.repository.folder)
        till.publish("2.0")
        await happening(bench, UpdateFinished)
        record = bench.updates.current(reader)

    assert record is not None
    assert record.update.state is UpdateState.DONE


class BrokenUpdates:
    """Stands where Updates should, and breaks."""

    looks = 0

    def current(self, reader_id: ReaderId) -> UpdateRecord | None:
        self.looks += 1
        raise ValueError("a defect")


async def test_a_check_that_breaks_does_not_end_the_agent(till: Till) -> None:
    broken = BrokenUpdates()
    async with till.agent() as bench:
        await bench.register(till.device)
        task = asyncio.create_task(
            keep_looking(
                cast(Updates, broken),
                fleet=bench.fleet,
                clock=till.clock,
                settings=bench.catalog.settings,
            )
        )
        await till.clock.sleep(2.5 * INTERVAL_S)
        task.cancel()
        await asyncio.wait([task])

    assert broken.looks == 2


async def happening(bench: FirmwareBench, kind: type[EventT]) -> EventT:
    """The next event of that kind."""
    while True:
        event = await bench.events.get()
        if isinstance(event, kind):
            return event
