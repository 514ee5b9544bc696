"""Asking the customer at an ID TECH reader: digits, amounts, PINs, menus."""

from __future__ import annotations

import asyncio

import pytest
from neo_pipe import VP6800, ScriptedReader, opened_reader
from virtual_time import in_virtual_time

from drivers.errors import FeatureUnsupported, FrameError, LocalError, ReaderRefused
from drivers.families.idtech_neo.reader import IdTechNeoReader
from drivers.features import (
    EncryptedPin,
    InputEnd,
    PinBlockFormat,
    PinRequest,
)
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
)
from drivers.protocol.idtech_neo.events import Booted, WokeUp
from drivers.protocol.idtech_neo.keypad import (
    CancelKeypad,
    GetAmount,
    GetNumber,
    GetPin,
    Typed,
    TypedPin,
    encode_digits,
    encode_pin,
    encode_typed,
)
from drivers.protocol.idtech_neo.status import KeypadState, StatusCode

KSN = bytes.fromhex("FFFF9876543210E00001")
AES_KSN = KSN + b"\x00\x01"


async def type_in(
    scripted: ScriptedReader,
    kind: type[GetNumber] | type[GetAmount] | type[GetPin],
    value: bytes = b"",
    *,
    state: int = KeypadState.OK,
    status: int = StatusCode.OK,
) -> GetNumber | GetAmount | GetPin:
    """Acknowledge the command at once, and answer it."""
    command = await scripted.answer_next(kind)
    await scripted.answer(kind, encode_typed(Typed(state, value)), status=status)
    return command


def asking_for_a_number(
    reader: IdTechNeoReader, *, timeout_s: int = 30
) -> asyncio.Task[str | InputEnd]:
    assert reader.features.keypad is not None
    return asyncio.create_task(
        reader.features.keypad.enter_number(
            prompt="LOYALTY", least_digits=1, most_digits=8, timeout_s=timeout_s
        )
    )


@in_virtual_time
async def test_digits_are_typed() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        command = await type_in(scripted, GetNumber, encode_digits("00123"))

        assert await asking == "00123"
    assert command == GetNumber(8, 1, "LOYALTY")


@in_virtual_time
async def test_amount_is_typed_in_minor_units() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        assert reader.features.keypad is not None
        asking = asyncio.create_task(
            reader.features.keypad.enter_amount(
                prompt="TIP", most_digits=6, timeout_s=30
            )
        )
        command = await type_in(scripted, GetAmount, encode_digits("250"))

        assert await asking == 250
    assert command == GetAmount(6, 1, "TIP")


@pytest.mark.parametrize(
    ("state", "status", "end"),
    [
        (KeypadState.CANCELED_BY_CUSTOMER, 0x0A, InputEnd.CANCELED_BY_CUSTOMER),
        (KeypadState.CANCELED_BY_HOST, 0x0A, InputEnd.CANCELED_BY_HOST),
        (KeypadState.CANCELED_BY_CUSTOMER, 0x00, InputEnd.CANCELED_BY_CUSTOMER),
    ],
)
@in_virtual_time
async def test_customer_may_have_nothing_to_say(
    state: KeypadState, status: int, end: InputEnd
) -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        await type_in(scripted, GetNumber, state=state, status=status)

        assert await asking is end


@in_virtual_time
async def test_reader_counts_its_own_time() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        await scripted.answer_next(GetNumber)
        await scripted.answer(GetNumber, status=StatusCode.TIMED_OUT)

        assert await asking is InputEnd.TIMED_OUT


@in_virtual_time
async def test_caller_with_less_time_stops_the_keypad() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader, timeout_s=20)
        await scripted.answer_next(GetNumber)
        await scripted.answer_next(CancelKeypad)
        await scripted.answer(
            GetNumber,
            encode_typed(Typed(KeypadState.CANCELED_BY_HOST)),
            status=StatusCode.FAILED,
        )

        assert await asking is InputEnd.TIMED_OUT


@in_virtual_time
async def test_canceling_the_reader_ends_the_question() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        await scripted.answer_next(GetNumber)
        canceling = asyncio.create_task(reader.cancel())
        await scripted.answer_next(CancelKeypad)

        assert await asking is InputEnd.CANCELED_BY_HOST
        await canceling


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (encode_typed(Typed(KeypadState.NO_KEY)), StatusCode.FAILED),
        (b"", StatusCode.FAILED),
        (b"", StatusCode.COMMAND_NOT_ALLOWED),
    ],
)
@in_virtual_time
async def test_keypad_that_refuses_says_why(data: bytes, status: int) -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        await scripted.answer_next(GetNumber, data, status=status)

        with pytest.raises(ReaderRefused, match=f"{status:02X}"):
            await asking


@in_virtual_time
async def test_restart_ends_the_question() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        await scripted.answer_next(GetNumber)
        await scripted.tell(WokeUp(), Booted("NEO 2.0"))

        with pytest.raises(ReaderRefused, match="restarted"):
            await asking


@in_virtual_time
async def test_digits_that_are_none_are_refused() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        asking = asking_for_a_number(reader)
        await type_in(scripted, GetNumber, b"12AB")

        with pytest.raises(FrameError):
            await asking


@pytest.mark.parametrize(
    ("ksn", "block", "block_format"),
    [(KSN, bytes(8), PinBlockFormat.ISO_0), (AES_KSN, bytes(16), PinBlockFormat.ISO_4)],
)
@in_virtual_time
async def test_pin_comes_encrypted(
    ksn: bytes, block: bytes, block_format: PinBlockFormat
) -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        assert reader.features.pin is not None
        asking = asyncio.create_task(
            reader.features.pin.request_pin(PinRequest(timeout_s=30))
        )
        command = await type_in(scripted, GetPin, encode_pin(TypedPin(ksn, block)))

        assert await asking == EncryptedPin(block, ksn, block_format)
    assert command == GetPin(most_digits=12, least_digits=4)


@in_virtual_time
async def test_canceled_pin_is_none() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        assert reader.features.pin is not None
        asking = asyncio.create_task(
            reader.features.pin.request_pin(PinRequest(timeout_s=30))
        )
        await type_in(scripted, GetPin, state=1, status=StatusCode.FAILED)

        assert await asking is InputEnd.CANCELED_BY_CUSTOMER


@in_virtual_time
async def test_pin_block_the_reader_cannot_make_is_refused() -> None:
    request = PinRequest(timeout_s=30, block_format=PinBlockFormat.ISO_3)
    async with opened_reader(VP6800) as (reader, _):
        assert reader.features.pin is not None
        with pytest.raises(FeatureUnsupported):
            await reader.features.pin.request_pin(request)


def menu(reader: IdTechNeoReader, *choices: str) -> asyncio.Task[int | InputEnd]:
    assert reader.features.menu is not None
    return asyncio.create_task(
        reader.features.menu.choose(title="BAG?", choices=choices, timeout_s=30)
    )


@in_virtual_time
async def test_customer_chooses() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        choosing = menu(reader, "NO", "PAPER")
        shown = await scripted.answer_next(
            DisplayText, AnswerDisplay(DisplayMode.MENU, 3).to_data()
        )

        assert await choosing == 1
    lines = (Line(1, "BAG?"), Line(2, "NO"), Line(3, "PAPER"))
    assert shown == DisplayText(DisplayMode.MENU, lines, timeout_s=30)


@in_virtual_time
async def test_customer_who_touches_the_question_is_asked_again() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        assert reader.features.menu is not None
        choosing = asyncio.create_task(
            reader.features.menu.choose(
                title="BAG?", text=["Made of", "paper"], choices=["NO"], timeout_s=30
            )
        )
        shown = [
            await scripted.answer_next(
                DisplayText, AnswerDisplay(DisplayMode.MENU, touched).to_data()
            )
            for touched in (1, 3, 4)
        ]

        assert await choosing == 0
    assert [line.text for line in shown[-1].lines] == ["BAG?", "Made of", "paper", "NO"]


@in_virtual_time
async def test_customer_may_choose_nothing() -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        choosing = menu(reader, "NO")
        await scripted.answer_next(
            DisplayText, AnswerDisplay(DisplayMode.CANCEL).to_data()
        )
        assert await choosing is InputEnd.CANCELED_BY_CUSTOMER

        choosing = menu(reader, "NO")
        await scripted.answer_next(DisplayText, status=StatusCode.TIMED_OUT)
        assert await choosing is InputEnd.TIMED_OUT


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (AnswerDisplay(DisplayMode.MENU, 0).to_data(), StatusCode.OK),
        (AnswerDisplay(DisplayMode.MENU, 9).to_data(), StatusCode.OK),
        (b"", StatusCode.UNKNOWN_SUB_COMMAND),
    ],
)
@in_virtual_time
async def test_choice_there_is_not_is_refused(data: bytes, status: int) -> None:
    async with opened_reader(VP6800) as (reader, scripted):
        choosing = menu(reader, "NO")
        await scripted.answer_next(DisplayText, data, status=status)

        with pytest.raises(ReaderRefused):
            await choosing


@pytest.mark.parametrize("count", [0, 16])
@in_virtual_time
async def test_menu_too_long_for_the_reader_is_the_callers_fault(count: int) -> None:
    async with opened_reader(VP6800) as (reader, _):
        with pytest.raises(LocalError):
            await menu(reader, *["x"] * count)
