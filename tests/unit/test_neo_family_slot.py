"""Whether a card is still in an ID TECH reader: what a caller learns by looking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from neo_pipe import (
    ScriptedReader,
    opened_reader,
    while_scripting,
)
from neo_transactions import (
    APPROVAL,
    CHIP_APPROVED,
    SALE,
    STARTED,
    card,
    chip_waits_for_issuer,
    failed,
    transaction_on,
)
from transaction_events import events_to_the_end
from virtual_time import in_virtual_time

from drivers.errors import ReaderRefused
from drivers.families.idtech_neo.slot import LOOK_AGAIN_S
from drivers.profile import profile_named
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
)
from drivers.protocol.idtech_neo.card_answer import ERROR, Interface
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject
from drivers.protocol.idtech_neo.events import Booted
from drivers.protocol.idtech_neo.pass_through import ContactOff, GetAtr, SetPassThrough
from drivers.protocol.idtech_neo.status import ErrorCode, StatusCode
from drivers.reader import CardSlot, Reader, SlotState

CHIP_GONE = card(
    AuthenticateContact,
    CardObject(ERROR, bytes((ErrorCode.CARD_COMMUNICATION, 0, 0, 0))),
    interface=Interface.CONTACTLESS,
    status=StatusCode.FAILED,
)
ATR = bytes.fromhex("3B6500009C02020702")
Script = Callable[[ScriptedReader], Awaitable[object]]


@in_virtual_time
async def test_a_chip_that_says_what_it_is_is_in_the_slot() -> None:
    async with opened_reader() as (reader, scripted):
        slot = slot_of(reader)
        await slot.prepare()

        switched = await while_scripting(slot.look(), has_card(scripted))

        slot.doubt()
        assert switched == [True, False]
        assert await looked(slot, scripted, has_card) is SlotState.OCCUPIED


@in_virtual_time
async def test_a_slot_that_says_nothing_is_empty_and_not_asked_again() -> None:
    async with opened_reader() as (reader, scripted):
        slot = slot_of(reader)

        first = await looked(slot, scripted, is_empty)
        again = await slot.look()

        assert (first, again) == (SlotState.EMPTY, SlotState.EMPTY)


@in_virtual_time
async def test_after_a_chip_was_read_the_slot_is_looked_at() -> None:
    async with opened_reader() as (reader, scripted):
        slot = slot_of(reader)
        await looked(slot, scripted, is_empty)

        async with transaction_on(reader, scripted, SALE) as transaction:
            await scripted.expect(ActivateTransaction)
            await chip_waits_for_issuer(transaction, scripted)
            await transaction.complete_online(APPROVAL)
            await scripted.expect(ApplyHostResponse)
            await scripted.send(CHIP_APPROVED)
            await events_to_the_end(transaction)
        left = await looked(slot, scripted, has_card)
        taken = await looked(slot, scripted, is_empty)

        assert (left, taken) == (SlotState.OCCUPIED, SlotState.EMPTY)


@in_virtual_time
async def test_a_chip_that_was_pulled_is_out_without_a_look() -> None:
    async with opened_reader() as (reader, scripted):
        async with transaction_on(reader, scripted, SALE) as transaction:
            await scripted.expect(ActivateTransaction)
            await scripted.send(STARTED)
            await scripted.expect(AuthenticateContact)
            await scripted.send(CHIP_GONE)
            await events_to_the_end(transaction)

        assert await slot_of(reader).look() is SlotState.EMPTY


@in_virtual_time
async def test_nothing_is_known_of_a_reader_that_has_restarted() -> None:
    async with opened_reader() as (reader, scripted):
        slot = slot_of(reader)
        await looked(slot, scripted, is_empty)

        await scripted.tell(Booted("VP3300"))
        await slot.changed()

        assert await looked(slot, scripted, has_card) is SlotState.OCCUPIED


@in_virtual_time
async def test_a_look_is_worth_it_once_a_second() -> None:
    loop = asyncio.get_running_loop()
    async with opened_reader() as (reader, _):
        before_s = loop.time()

        await slot_of(reader).changed()

        assert loop.time() - before_s == pytest.approx(LOOK_AGAIN_S)


@in_virtual_time
async def test_a_firmware_without_the_question_never_blocks_a_payment() -> None:
    async with opened_reader() as (reader, scripted):
        slot = slot_of(reader)

        first = await looked(slot, scripted, does_not_know)

        assert (first, await slot.look()) == (SlotState.UNKNOWN, SlotState.UNKNOWN)


@in_virtual_time
async def test_a_firmware_without_pass_through_never_blocks_a_payment() -> None:
    async with opened_reader() as (reader, scripted):
        slot = slot_of(reader)

        refusing = scripted.answer_next(
            SetPassThrough, status=StatusCode.COMMAND_NOT_ALLOWED
        )
        await while_scripting(slot.look(), refusing)

        assert await slot.look() is SlotState.UNKNOWN


@in_virtual_time
async def test_nobody_looks_while_a_transaction_runs() -> None:
    async with (
        opened_reader() as (reader, scripted),
        transaction_on(reader, scripted, SALE) as transaction,
    ):
        await scripted.expect(ActivateTransaction)

        with pytest.raises(ReaderRefused):
            await slot_of(reader).look()

        await scripted.send(failed(ErrorCode.GENERIC))
        await events_to_the_end(transaction)


@in_virtual_time
async def test_a_reader_for_taps_alone_has_no_slot() -> None:
    async with opened_reader(profile_named("idtech_kiosk_iii")) as (reader, _):
        assert reader.slot is None


def slot_of(reader: Reader) -> CardSlot:
    assert reader.slot is not None
    return reader.slot


async def looked(slot: CardSlot, scripted: ScriptedReader, script: Script) -> SlotState:
    """What a look shows where the reader answers as scripted."""
    looking = asyncio.create_task(slot.look())
    await script(scripted)
    return await looking


async def has_card(scripted: ScriptedReader) -> list[bool]:
    on = await scripted.answer_next(SetPassThrough)
    await scripted.answer_next(GetAtr, ATR)
    await scripted.answer_next(ContactOff)
    off = await scripted.answer_next(SetPassThrough)
    return [on.is_on, off.is_on]


async def is_empty(scripted: ScriptedReader) -> None:
    await scripted.answer_next(SetPassThrough)
    await scripted.answer_next(GetAtr, status=StatusCode.FAILED)
    await scripted.answer_next(SetPassThrough)


async def does_not_know(scripted: ScriptedReader) -> None:
    await scripted.answer_next(SetPassThrough)
    await scripted.answer_next(GetAtr, status=StatusCode.UNKNOWN_SUB_COMMAND)
    await scripted.answer_next(SetPassThrough)
