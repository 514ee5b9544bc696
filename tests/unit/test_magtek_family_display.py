"""What MagTek readers show or sound for a while, and payments in the midst of it."""

from __future__ import annotations

import asyncio

import pytest
from mms_pipe import ScriptedDevice, opened_reader
from mms_transactions import SALE
from virtual_time import in_virtual_time

from drivers.errors import LocalError, ReaderRefused
from drivers.features import ImageKind, Screen
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.images import ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.notifications import (
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import DONE, STARTED, StatusDetail, refused
from drivers.protocol.magtek_mms.strings import StringId
from drivers.reader import DisplayMessage, Reader

WELCOME = ShowMessage(0, StringId.WELCOME)
SOUNDING = refused(StatusDetail.BUZZER_BUSY)
CANCELED = TransactionComplete(Technology.NONE, Outcome.CANCELED_BY_HOST)


async def shows_approved(reader: Reader, device: ScriptedDevice) -> None:
    """APPROVED for ten seconds, which the device does not know of."""
    showing = asyncio.create_task(reader.display(DisplayMessage.APPROVED, seconds=10))
    shown = await device.answer_next(ShowMessage, DONE)
    await showing
    assert shown == ShowMessage(0, StringId.APPROVED)


async def says_nothing_more(device: ScriptedDevice) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(device.next_request(), timeout=1000)


def screen_of(reader: Reader) -> Screen:
    screen = reader.features.screen
    assert screen is not None
    return screen


@in_virtual_time
async def test_message_is_cleared_when_its_time_is_over() -> None:
    async with opened_reader() as (reader, device):
        await shows_approved(reader, device)
        since = asyncio.get_running_loop().time()

        cleared = await device.answer_next(ShowMessage, DONE)

        assert cleared == WELCOME
        assert asyncio.get_running_loop().time() - since == pytest.approx(10)
        await says_nothing_more(device)


@in_virtual_time
async def test_what_is_shown_next_stays_for_its_own_time() -> None:
    async with opened_reader() as (reader, device):
        await shows_approved(reader, device)
        showing = asyncio.create_task(
            screen_of(reader).show_image(ImageKind.STORED, 2, seconds=0)
        )
        await device.answer_next(ShowImage, DONE)
        await showing

        await says_nothing_more(device)


@in_virtual_time
async def test_payment_begins_at_once_and_nothing_clears_its_screen() -> None:
    async with opened_reader() as (reader, device):
        await shows_approved(reader, device)
        starting = asyncio.create_task(device.answer_next(StartTransaction, STARTED))

        async with reader.transaction(SALE):
            await starting
            await says_nothing_more(device)
            canceling = asyncio.create_task(
                device.answer_next(CancelTransaction, DONE, CANCELED)
            )
        await canceling


@in_virtual_time
async def test_device_that_is_busy_when_time_is_over_is_left_alone() -> None:
    async with opened_reader() as (reader, device):
        await shows_approved(reader, device)

        await device.answer_next(
            ShowMessage, refused(StatusDetail.TRANSACTION_IN_PROGRESS)
        )

        await says_nothing_more(device)


@in_virtual_time
async def test_closed_reader_clears_nothing() -> None:
    async with opened_reader() as (reader, device):
        await shows_approved(reader, device)

        await reader.aclose()

        assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("seconds", [-1, 256])
@in_virtual_time
async def test_time_beyond_bounds_is_refused_before_anything_is_sent(
    seconds: int,
) -> None:
    async with opened_reader() as (reader, device):
        with pytest.raises(LocalError):
            await reader.display(DisplayMessage.APPROVED, seconds=seconds)

        await says_nothing_more(device)


@in_virtual_time
async def test_payment_begins_when_the_tones_are_over() -> None:
    async with opened_reader() as (reader, device):

        async def sound_and_start() -> None:
            await device.answer_next(StartTransaction, SOUNDING)
            await device.answer_next(StartTransaction, SOUNDING)
            await device.answer_next(StartTransaction, STARTED)

        starting = asyncio.create_task(sound_and_start())

        async with reader.transaction(SALE):
            await starting
            canceling = asyncio.create_task(
                device.answer_next(CancelTransaction, DONE, CANCELED)
            )
        await canceling


@in_virtual_time
async def test_picture_is_shown_when_the_tones_are_over() -> None:
    async with opened_reader() as (reader, device):
        showing = asyncio.create_task(
            screen_of(reader).show_image(ImageKind.QR_CODE, "X", seconds=0)
        )

        await device.answer_next(ShowQrCode, SOUNDING)
        await device.answer_next(ShowQrCode, DONE)

        await showing


@in_virtual_time
async def test_tones_without_end_are_reported() -> None:
    async with opened_reader() as (reader, device):

        async def sound() -> None:
            while True:
                await device.answer_next(StartTransaction, SOUNDING)

        sounding = asyncio.create_task(sound())

        with pytest.raises(ReaderRefused, match="80020315"):
            async with reader.transaction(SALE):
                pytest.fail("no payment began")

        sounding.cancel()
