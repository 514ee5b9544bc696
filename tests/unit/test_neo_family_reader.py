"""Opening an ID TECH reader and asking it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from neo_pipe import (
    ALL,
    FIRMWARE,
    SERIAL_NUMBER,
    TIMINGS,
    VP3300,
    VP6800,
    WIRES,
    ScriptedReader,
    Wire,
    answer_to,
    opened_reader,
)
from neo_transactions import SALE, TAPPED, transaction_on
from virtual_time import in_virtual_time

from drivers.errors import (
    Disconnected,
    FeatureUnsupported,
    ReaderRefused,
    ReaderTimeout,
)
from drivers.families.idtech_neo.reader import model_of, open_idtech_neo
from drivers.profile import profile_named
from drivers.protocol.idtech_neo.activate import ActivateTransaction, CancelTransaction
from drivers.protocol.idtech_neo.basic import (
    GetEncryption,
    GetFirmwareVersion,
    GetSerialNumber,
    Ping,
    SetPollMode,
    encode_encryption,
    encode_text,
)
from drivers.protocol.idtech_neo.commands import OtherCommand
from drivers.protocol.idtech_neo.display import DisplayMode, DisplayText, Line
from drivers.protocol.idtech_neo.frame import MAGIC, Frame
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.reader import DisplayMessage
from drivers.transport.pipe import connected_pipes


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@in_virtual_time
async def test_reader_tells_who_it_is(wire: Wire) -> None:
    async with opened_reader(wire=wire) as (reader, _):
        assert reader.info.family == "idtech_neo"
        assert reader.info.model == "idtech_vp3300"
        assert reader.info.serial_number == SERIAL_NUMBER
        assert reader.info.firmware_version == "VP3300 v1.00"


@pytest.mark.parametrize(
    ("firmware", "model"),
    [
        (FIRMWARE, "idtech_vp3300"),
        ("Kiosk III v2.00", "idtech_kiosk_iii"),
        ("KIOSKV v1.00.010", "idtech_kiosk_v"),
        ("VP6800 FW v1.00.015", "idtech_vp6800"),
        ("White label v1", "idtech_vp5300"),
    ],
)
def test_firmware_says_which_model_it_is(firmware: str, model: str) -> None:
    assert model_of(firmware, profile_named("idtech_vp5300")).name == model


def test_supposed_model_is_kept_as_it_is_where_the_firmware_agrees() -> None:
    odd = replace(VP3300, quirks=frozenset({"odd"}))

    assert model_of(FIRMWARE, odd) is odd


@in_virtual_time
async def test_reader_without_a_serial_number_is_known_by_its_chip() -> None:
    near, far = connected_pipes()
    scripted = ScriptedReader(far)
    opening = asyncio.create_task(open_idtech_neo(near, VP3300, timings=TIMINGS))
    await scripted.answer_next(Ping)
    await scripted.answer_next(GetFirmwareVersion, encode_text(FIRMWARE))
    await scripted.answer_next(GetSerialNumber, status=0x0B)
    asked = await scripted.expect(OtherCommand)
    await scripted.send(Frame(0x29, StatusCode.OK, b"\x00\x00\x1d\x00"))
    await scripted.answer_next(SetPollMode)
    reader = await opening

    assert asked.frame == Frame(0x29, 0x17)
    assert reader.info.serial_number == "00001D00"
    await reader.aclose()


@in_virtual_time
async def test_reader_that_is_still_starting_is_waited_for() -> None:
    near, far = connected_pipes()
    scripted = ScriptedReader(far)
    opening = asyncio.create_task(open_idtech_neo(near, VP3300, timings=TIMINGS))
    await scripted.expect(Ping)
    await scripted.expect(Ping)
    await scripted.identify()

    await (await opening).aclose()


@in_virtual_time
async def test_silent_port_is_given_back() -> None:
    near, far = connected_pipes()

    with pytest.raises(ReaderTimeout):
        await open_idtech_neo(near, VP3300, timings=TIMINGS)

    await far.wait_closed()
    assert asyncio.get_running_loop().time() == TIMINGS.boot_s


@in_virtual_time
async def test_unanswered_question_is_repeated_after_a_ping() -> None:
    async with opened_reader() as (reader, scripted):
        resetting = asyncio.create_task(reader.reset())
        await scripted.answer_next(CancelTransaction)
        await scripted.expect(SetPollMode)
        await scripted.answer_next(Ping)
        await scripted.answer_next(SetPollMode)

        await resetting


@in_virtual_time
async def test_question_that_nobody_hears_is_a_timeout() -> None:
    async with opened_reader() as (reader, scripted):
        resetting = asyncio.create_task(reader.reset())
        await scripted.answer_next(CancelTransaction)

        with pytest.raises(ReaderTimeout, match="Ping"):
            await resetting


@in_virtual_time
async def test_answer_behind_half_a_frame_costs_one_question_only() -> None:
    async with opened_reader() as (reader, scripted):
        resetting = asyncio.create_task(reader.reset())
        await scripted.answer_next(CancelTransaction)
        await scripted.expect(SetPollMode)
        await scripted.write(MAGIC + b"\x01\x00\x0f\xff")
        await scripted.answer(SetPollMode)
        await scripted.answer_next(Ping)
        await scripted.answer_next(SetPollMode)

        await resetting


@in_virtual_time
async def test_question_that_arrived_damaged_is_repeated_once() -> None:
    async with opened_reader() as (reader, scripted):
        resetting = asyncio.create_task(reader.reset())
        await scripted.answer_next(CancelTransaction)
        await scripted.answer_next(SetPollMode, status=StatusCode.CRC_ERROR)
        await scripted.answer_next(SetPollMode, status=StatusCode.CRC_ERROR)

        with pytest.raises(ReaderRefused, match="04"):
            await resetting


@in_virtual_time
async def test_message_is_shown() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        showing = asyncio.create_task(
            reader.display(DisplayMessage.REMOVE_CARD, seconds=3)
        )
        shown = await scripted.answer_next(DisplayText)
        await showing

    assert shown == DisplayText(
        DisplayMode.TEXT, (Line(1, "REMOVE CARD"),), backlight_s=3
    )


@in_virtual_time
async def test_message_for_a_reader_without_display_is_refused() -> None:
    async with opened_reader() as (reader, _):
        with pytest.raises(FeatureUnsupported):
            await reader.display(DisplayMessage.WELCOME, seconds=0)


@in_virtual_time
async def test_message_never_ends_a_running_transaction() -> None:
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, SALE),
    ):
        await scripted.expect(ActivateTransaction)

        with pytest.raises(ReaderRefused, match="busy"):
            await reader.display(DisplayMessage.WELCOME, seconds=0)


@in_virtual_time
async def test_idle_reader_is_canceled_without_harm() -> None:
    async with opened_reader() as (reader, scripted):
        canceling = asyncio.create_task(reader.cancel())
        await scripted.answer_next(CancelTransaction)

        await canceling


@in_virtual_time
async def test_lost_wire_ends_what_the_reader_tells_of_itself() -> None:
    async with opened_reader() as (reader, scripted):
        await scripted.pipe.aclose()
        await reader.wait_closed()

        assert [notice async for notice in reader.notices] == []
        with pytest.raises(Disconnected):
            await reader.cancel()


@in_virtual_time
async def test_what_nobody_asked_is_ignored() -> None:
    async with opened_reader() as (reader, scripted):
        await scripted.send(TAPPED, answer_to(GetEncryption, encode_encryption(ALL)))
        await scripted.write(b"noise")
        canceling = asyncio.create_task(reader.cancel())
        await scripted.answer_next(CancelTransaction)

        await canceling
