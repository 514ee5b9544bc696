"""Whether a card is still in a MagTek device: what a caller knows by what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mms_pipe import ScriptedDevice, arqc_of, opened_reader
from mms_transactions import APPROVAL, APPROVED, INSERTED, REMOVED, SALE
from transaction_events import events_to_the_end, until_online, while_answering
from virtual_time import in_virtual_time

from drivers.errors import Disconnected, ReaderRefused
from drivers.protocol.magtek_mms.control import ResetDevice, ResumeTransaction
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.notifications import Technology
from drivers.protocol.magtek_mms.properties import USER_EVENTS, SetProperty
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import DONE, STARTED, StatusDetail, refused
from drivers.reader import CardSlot, DisplayMessage, Reader, SlotState, Transaction

TAKEN_OUT = DeviceUpdate(DeviceState.IDLE_REMOVE)


@in_virtual_time
async def test_a_device_that_tells_already_is_told_nothing() -> None:
    async with opened_reader() as (reader, device):
        asking = asyncio.create_task(slot_of(reader).prepare())
        oid = await device.answer_property(b"\x0f\x00\x00\x00")
        await asking

    assert oid == USER_EVENTS


@in_virtual_time
async def test_a_device_is_told_once_to_tell_and_restarted_for_that() -> None:
    async with opened_reader() as (reader, device):
        asking = asyncio.create_task(slot_of(reader).prepare())
        await device.answer_property(b"\x01\x02\x03\x04")
        told = await device.answer_next(SetProperty, DONE)
        await device.answer_next(ResetDevice, DONE)
        await asking

    assert told == SetProperty(USER_EVENTS, b"\x09\x02\x03\x04")


@pytest.mark.parametrize("events", [None, b""])
@in_virtual_time
async def test_a_device_that_cannot_tell_never_blocks_a_payment(
    events: bytes | None,
) -> None:
    async with opened_reader() as (reader, device):
        asking = asyncio.create_task(slot_of(reader).prepare())
        await device.answer_property(events)
        await asking
        await pay(reader, device)

        assert await slot_of(reader).look() is SlotState.UNKNOWN


@in_virtual_time
async def test_a_card_is_in_the_slot_until_the_device_tells_of_its_removal() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)
        before = await slot.look()
        await pay(reader, device)
        left = await slot.look()
        await slot.changed()
        waiting = asyncio.create_task(slot.changed())
        await device.tell(TAKEN_OUT)
        await waiting

        assert (before, left) == (SlotState.UNKNOWN, SlotState.OCCUPIED)
        assert await slot.look() is SlotState.EMPTY


@in_virtual_time
async def test_a_card_that_was_pulled_meanwhile_is_out() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)

        async with transaction_on(reader, device) as transaction:
            await device.tell(INSERTED, REMOVED, APPROVED)
            await events_to_the_end(transaction)

        assert await slot.look() is SlotState.EMPTY


@in_virtual_time
async def test_a_text_on_the_screen_keeps_what_is_known() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)
        await pay(reader, device)

        showing = reader.display(DisplayMessage.REMOVE_CARD, seconds=0)
        await while_answering(showing, device.answer_next(ShowMessage, DONE))

        assert await slot.look() is SlotState.OCCUPIED


@in_virtual_time
async def test_nothing_is_known_of_a_device_that_was_busy_meanwhile() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)
        await pay(reader, device)
        tags = reader.features.nfc_tag
        assert tags is not None

        empty = refused(StatusDetail.LOW_BATTERY)
        answering = asyncio.create_task(device.answer_next(StartTransaction, empty))
        with pytest.raises(ReaderRefused):
            await tags.read_tag(timeout_s=5)
        await answering

        assert await slot.look() is SlotState.UNKNOWN


@in_virtual_time
async def test_a_card_that_was_asked_back_in_vain_is_believed_no_longer() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)
        await pay(reader, device)

        slot.doubt()

        assert await slot.look() is SlotState.UNKNOWN


@in_virtual_time
async def test_nothing_is_known_of_a_device_that_has_restarted() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)
        await pay(reader, device)

        await device.tell(DeviceUpdate(DeviceState.RESTARTED))
        await slot.changed()

        assert await slot.look() is SlotState.UNKNOWN


@in_virtual_time
async def test_a_lost_wire_is_told_as_such() -> None:
    async with opened_reader() as (reader, device):
        slot = await prepared(reader, device)

        await device.pipe.aclose()
        await slot.changed()
        await slot.changed()

        with pytest.raises(Disconnected):
            await slot.look()


def slot_of(reader: Reader) -> CardSlot:
    assert reader.slot is not None
    return reader.slot


async def prepared(reader: Reader, device: ScriptedDevice) -> CardSlot:
    """The slot of a device that tells already."""
    slot = slot_of(reader)
    asking = asyncio.create_task(slot.prepare())
    await device.answer_property(b"\x08\x00\x00\x00")
    await asking
    return slot


@asynccontextmanager
async def transaction_on(
    reader: Reader, device: ScriptedDevice
) -> AsyncIterator[Transaction]:
    """A sale that the device has accepted."""
    answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))
    async with reader.transaction(SALE) as transaction:
        await answering
        yield transaction


async def pay(reader: Reader, device: ScriptedDevice) -> None:
    """A payment with a chip, approved."""
    async with transaction_on(reader, device) as transaction:
        await device.tell(INSERTED, arqc_of(Technology.CONTACT))
        await until_online(transaction)
        await while_answering(
            transaction.complete_online(APPROVAL),
            device.answer_next(ResumeTransaction, DONE, APPROVED),
        )
        await events_to_the_end(transaction)
