"""The power goes at every step and every chunk of an update: it always ends well."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from firmware_bench import AT_NIGHT, NOW, FirmwareBench, Till
from firmware_repository import IMAGE
from updatable_reader import CHUNK_BYTES

from agent.errors import JournalUnavailable
from agent.firmware.states import UpdateState
from agent.firmware.update import Update
from agent.ids import ReaderId
from agent.journal.updates import UPDATE_KINDS

CHUNKS = len(IMAGE) // CHUNK_BYTES + 1
ALL_CUTS = [
    (when, kind)
    for kind in UPDATE_KINDS
    for when in ("before", "after")
    if (when, kind) != ("before", "update_requested")
]
CHUNK_SAMPLE = [0, 1, 8, CHUNKS - 1]
OTHER_CHUNKS = [chunk for chunk in range(CHUNKS) if chunk not in CHUNK_SAMPLE]


@pytest_asyncio.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    till = Till(tmp_path)
    till.publish("2.0")
    yield till


async def registered(till: Till) -> ReaderId:
    async with till.agent() as bench:
        return await bench.register(till.device)


@asynccontextmanager
async def requested(bench: FirmwareBench, reader: ReaderId) -> AsyncIterator[None]:
    """Within the context somebody asks for the update; the answer may never come."""
    asking = asyncio.create_task(bench.updates.request(reader, NOW))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.wait([asking])


async def ended_by_the_next_agent(till: Till, reader: ReaderId) -> Update:
    """The update once a new agent has carried it on to its end."""
    async with till.agent() as bench:
        record = bench.updates.current(reader)
        assert record is not None
        return await bench.ended(record)


@pytest.mark.parametrize("loses", ["agent", "agent and reader"])
@pytest.mark.parametrize(("when", "kind"), ALL_CUTS)
async def test_a_power_cut_at_any_step_is_survived(
    when: str, kind: str, loses: str, till: Till
) -> None:
    reader = await registered(till)
    async with till.agent() as bench:
        bench.store.stops = (when, kind)
        await bench.online(reader)
        async with requested(bench, reader):
            await bench.store.stopped.wait()
    if loses == "agent and reader":
        till.device.lose_power()

    update = await ended_by_the_next_agent(till, reader)

    assert update.state is UpdateState.DONE
    assert till.device.firmware_version == "2.0"
    assert till.device.activations == 1
    assert till.device.loads <= update.loads <= 2


async def test_a_request_that_never_reached_the_disk_is_no_update(till: Till) -> None:
    reader = await registered(till)
    async with till.agent() as bench:
        bench.store.stops = ("before", "update_requested")
        await bench.online(reader)
        async with requested(bench, reader):
            await bench.store.stopped.wait()

    async with till.agent() as bench:
        assert bench.updates.current(reader) is None
        await bench.online(reader)
        assert (await bench.installed(reader)).state is UpdateState.DONE


async def cut_at_chunk(chunk: int, till: Till) -> None:
    reader = await registered(till)
    till.device.hangs_at = chunk
    async with till.agent() as bench:
        await bench.online(reader)
        await bench.updates.request(reader, NOW)
        await till.device.hung.wait()
    till.device.lose_power()

    update = await ended_by_the_next_agent(till, reader)

    assert update.state is UpdateState.DONE
    assert (update.loads, till.device.loads) == (2, 2)
    assert till.device.activations == 1


@pytest.mark.parametrize("chunk", CHUNK_SAMPLE)
async def test_a_power_cut_at_a_chunk_is_survived(chunk: int, till: Till) -> None:
    await cut_at_chunk(chunk, till)


@pytest.mark.full
@pytest.mark.parametrize("chunk", OTHER_CHUNKS)
async def test_a_power_cut_at_any_chunk_is_survived(chunk: int, till: Till) -> None:
    await cut_at_chunk(chunk, till)


async def test_an_update_cut_off_at_night_waits_for_the_night_again(till: Till) -> None:
    reader = await registered(till)
    till.device.hangs_at = 3
    async with till.agent() as bench:
        await bench.online(reader)
        await bench.updates.request(reader, AT_NIGHT)
        await till.device.hung.wait()
    await till.clock.sleep(8 * 3600)

    async with till.agent() as bench:
        await bench.online(reader)
        record = bench.updates.current(reader)
        assert record is not None
        await bench.until(lambda: record.waits_for == "window")
        bench.fleet.session(reader).check_free()

    assert till.device.loads == 1


async def test_an_image_on_the_disk_needs_no_repository_any_more(till: Till) -> None:
    reader = await registered(till)
    till.device.hangs_at = 3
    async with till.agent() as bench:
        await bench.online(reader)
        await bench.updates.request(reader, NOW)
        await till.device.hung.wait()
    shutil.rmtree(till.repository.folder)

    update = await ended_by_the_next_agent(till, reader)

    assert update.state is UpdateState.DONE


async def test_an_image_lost_with_its_repository_ends_the_update(till: Till) -> None:
    reader = await registered(till)
    till.device.hangs_at = 3
    async with till.agent() as bench:
        await bench.online(reader)
        await bench.updates.request(reader, NOW)
        await till.device.hung.wait()
    shutil.rmtree(till.repository.folder)
    shutil.rmtree(till.folder / "firmware" / "images")

    update = await ended_by_the_next_agent(till, reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_bundle_unreadable"
    assert till.device.firmware_version == "1.0"


async def test_no_image_is_left_behind(till: Till) -> None:
    reader = await registered(till)
    async with till.agent() as bench:
        await bench.online(reader)
        await bench.installed(reader)

    assert list((till.folder / "firmware" / "images").iterdir()) == []


@pytest.mark.parametrize("state", ["waiting_window", "loading", "rebooting"])
async def test_a_full_disk_delays_an_update_and_no_more(state: str, till: Till) -> None:
    reader = await registered(till)
    async with till.agent() as bench:
        await bench.online(reader)
        bench.in_payment.add(reader)
        record = await bench.updates.request(reader, NOW)
        await bench.until(lambda: record.waits_for == "payment")
        bench.in_payment.clear()
        await bench.until(lambda: record.update.state == state)
        bench.journal.disk.is_full = True
        await till.clock.sleep(60)
        bench.journal.disk.is_full = False

        update = await bench.ended(record)

    assert update.state is UpdateState.DONE
    assert till.device.firmware_version == "2.0"


async def test_a_damaged_image_is_fetched_again(till: Till) -> None:
    reader = await registered(till)
    async with till.agent() as bench:
        await bench.online(reader)
        bench.store.stops = ("after", "image_downloaded")
        async with requested(bench, reader):
            await bench.store.stopped.wait()
    (image,) = (till.folder / "firmware" / "images").iterdir()
    image.write_bytes(image.read_bytes()[:-1])

    update = await ended_by_the_next_agent(till, reader)

    assert update.state is UpdateState.DONE


async def test_a_cancellation_that_cannot_be_written_down_is_told(till: Till) -> None:
    reader = await registered(till)
    async with till.agent() as bench:
        await bench.online(reader)
        bench.in_payment.add(reader)
        record = await bench.updates.request(reader, NOW)
        await bench.until(lambda: record.waits_for == "payment")
        bench.journal.disk.is_full = True
        with pytest.raises(JournalUnavailable):
            await bench.updates.cancel(reader)
        bench.journal.disk.is_full = False

        update = await bench.ended(record)

    assert update.failure_code == "firmware_update_canceled"
