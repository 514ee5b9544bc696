"""Firmware into a MagTek reader: loading, committing, and what may go wrong."""

from __future__ import annotations

import asyncio

import pytest
from mms_pipe import opened_reader
from virtual_time import in_virtual_time

from drivers.errors import Disconnected, ReaderRefused, ReaderTimeout
from drivers.families.magtek_mms.reader import MagTekMmsReader
from drivers.features import FirmwareLoader
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.firmware import (
    CommitFirmware,
    ImageType,
    LoadFirmware,
)
from drivers.protocol.magtek_mms.firmware_notices import (
    FirmwareOutcome,
    FirmwareStep,
    FirmwareUpdate,
)
from drivers.protocol.magtek_mms.notifications import Notice
from drivers.protocol.magtek_mms.status import DONE, StatusDetail, refused
from drivers.wires import WireKind

IMAGE = bytes(range(256)) * 300
LOADED = FirmwareUpdate(FirmwareStep.LOAD, FirmwareOutcome.DONE)
COMMITTED = FirmwareUpdate(FirmwareStep.COMMIT, FirmwareOutcome.DONE)


def loader_of(reader: MagTekMmsReader) -> FirmwareLoader:
    assert reader.features.firmware is not None
    return reader.features.firmware


def load(reader: MagTekMmsReader, heard: list[int] | None = None) -> asyncio.Task[None]:
    progress = [] if heard is None else heard
    return asyncio.create_task(
        loader_of(reader).load(
            IMAGE, image_type=ImageType.MAIN, progress=progress.append
        )
    )


def activate(reader: MagTekMmsReader) -> asyncio.Task[None]:
    return asyncio.create_task(
        loader_of(reader).activate(IMAGE, image_type=ImageType.MAIN)
    )


@pytest.mark.parametrize("kind", WireKind)
@in_virtual_time
async def test_image_is_loaded_whole_and_its_progress_told(kind: WireKind) -> None:
    heard: list[int] = []
    async with opened_reader(kind=kind, model="magtek_dynaflex") as (reader, device):
        loading = load(reader, heard)

        command = await device.answer_next(LoadFirmware, DONE)
        await device.tell(LOADED)

        await loading
        assert command == LoadFirmware.of(IMAGE, ImageType.MAIN)
        assert heard == sorted(heard)
        assert heard[-1] == len(IMAGE)
        assert len(heard) > 10


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(FirmwareOutcome.FAILED, "0906"), (FirmwareOutcome.UP_TO_DATE, "0907")],
)
@in_virtual_time
async def test_image_that_is_not_taken_says_why(
    outcome: FirmwareOutcome, reason: str
) -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        loading = load(reader)
        await device.answer_next(
            LoadFirmware, DONE, FirmwareUpdate(FirmwareStep.LOAD, outcome)
        )

        with pytest.raises(ReaderRefused, match=f"LoadFirmware: {reason}"):
            await loading


@in_virtual_time
async def test_reader_with_an_empty_battery_takes_no_image() -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        loading = load(reader)
        await device.answer_next(LoadFirmware, refused(StatusDetail.LOW_BATTERY))

        with pytest.raises(ReaderRefused, match="80020316"):
            await loading


@in_virtual_time
async def test_commit_of_something_else_is_no_end_of_loading() -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        loading = load(reader)
        await device.answer_next(LoadFirmware, DONE, COMMITTED)

        with pytest.raises(ReaderTimeout):
            await loading


@pytest.mark.parametrize("end", [COMMITTED, DeviceUpdate(DeviceState.RESTARTED)])
@in_virtual_time
async def test_loaded_image_is_put_into_use(end: Notice) -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        activating = activate(reader)

        command = await device.answer_next(CommitFirmware, DONE, end)

        await activating
        assert command == CommitFirmware.of(IMAGE, ImageType.MAIN)


@in_virtual_time
async def test_reader_that_drops_off_the_wire_is_restarting() -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        activating = activate(reader)
        await device.answer_next(CommitFirmware, DONE)
        await asyncio.sleep(0)

        await device.pipe.aclose()

        await activating


@in_virtual_time
async def test_wire_lost_before_the_reader_agreed_is_an_error() -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        activating = activate(reader)
        await device.next_request()

        await device.pipe.aclose()

        with pytest.raises(Disconnected):
            await activating


@in_virtual_time
async def test_image_that_cannot_be_put_into_use_says_why() -> None:
    async with opened_reader(model="magtek_dynaflex") as (reader, device):
        activating = activate(reader)
        await device.answer_next(
            CommitFirmware,
            DONE,
            FirmwareUpdate(FirmwareStep.COMMIT, FirmwareOutcome.FAILED),
        )

        with pytest.raises(ReaderRefused, match="CommitFirmware: 0906"):
            await activating
