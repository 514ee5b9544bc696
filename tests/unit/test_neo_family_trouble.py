"""Silence, damage, restarts and questions while an ID TECH reader reads a card."""

from __future__ import annotations

import asyncio

import pytest
from neo_pipe import answer_to, opened_reader
from neo_transactions import (
    APPROVAL,
    ONLINE,
    SALE,
    STARTED,
    TAPPED,
    TIMED_OUT,
    TRACK_TWINS,
    card,
    chip_waits_for_issuer,
    started,
    transaction_on,
)
from transaction_events import events_to_the_end, next_event, until_online
from virtual_time import in_virtual_time

from drivers.errors import (
    Disconnected,
    FrameError,
    ReaderTimeout,
)
from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    CancelTransaction,
)
from drivers.protocol.idtech_neo.basic import GetEncryption, SetPollMode
from drivers.protocol.idtech_neo.card_answer import Interface
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
    RefusePin,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject
from drivers.protocol.idtech_neo.events import (
    Booted,
    DisplayRequested,
    PinRequested,
    SwipeRequested,
    WokeUp,
)
from drivers.protocol.idtech_neo.frame import encode_answer
from drivers.protocol.idtech_neo.pass_through import SetPassThrough
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.reader import (
    CardRequested,
    CustomerActing,
    CustomerStep,
    DisplayMessage,
    MessageShown,
    TransactionFinished,
    Verdict,
)

OF_ANOTHER_AMOUNT = card(
    ActivateTransaction,
    *TRACK_TWINS,
    CardObject(emv.AMOUNT_AUTHORISED, b"\0\0\0\0\x99\x99"),
    interface=Interface.CONTACTLESS,
)


@in_virtual_time
async def test_command_that_arrived_damaged_is_sent_again() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(answer_to(ActivateTransaction, status=StatusCode.CRC_ERROR))
        await scripted.expect(ActivateTransaction)
        await scripted.send(TAPPED)

        await until_online(transaction)


@in_virtual_time
async def test_silence_beyond_the_cardholders_time_is_a_timeout() -> None:
    async with started() as (transaction, scripted):
        await next_event(transaction)

        with pytest.raises(ReaderTimeout, match="75 s"):
            await next_event(transaction)

        await scripted.answer_next(CancelTransaction)


@in_virtual_time
async def test_lost_answer_to_the_issuers_words_is_unknown_not_no() -> None:
    async with started() as (transaction, scripted):
        await chip_waits_for_issuer(transaction, scripted)
        await transaction.complete_online(APPROVAL)
        await scripted.expect(ApplyHostResponse)

        with pytest.raises(ReaderTimeout):
            await next_event(transaction)


@in_virtual_time
async def test_damaged_answer_ends_the_read_at_once_and_stops_the_reader() -> None:
    broken = bytearray(encode_answer(TAPPED))
    broken[-1] ^= 0xFF
    async with started() as (transaction, scripted):
        await next_event(transaction)
        await scripted.write(bytes(broken))

        with pytest.raises(FrameError, match="damaged"):
            await next_event(transaction)

        await scripted.answer_next(CancelTransaction)


@in_virtual_time
async def test_late_card_of_another_amount_is_nobodys() -> None:
    async with started() as (transaction, scripted):
        await next_event(transaction)
        await scripted.send(OF_ANOTHER_AMOUNT)

        with pytest.raises(FrameError, match="another"):
            await next_event(transaction)


@in_virtual_time
async def test_lost_wire_is_told_to_every_question() -> None:
    async with started() as (transaction, scripted):
        await next_event(transaction)
        await scripted.pipe.aclose()

        for _ in range(2):
            with pytest.raises(Disconnected):
                await next_event(transaction)


@in_virtual_time
async def test_restarting_reader_fails_the_read_and_is_set_up_before_the_next() -> None:
    async with opened_reader() as (reader, scripted):
        async with transaction_on(reader, scripted, SALE) as transaction:
            await scripted.expect(ActivateTransaction)
            await scripted.tell(WokeUp(), Booted("NEO 2.0"))
            *_, last = await events_to_the_end(transaction)
        assert last == TransactionFinished(Verdict.FAILED, "restarted")

        setting_up = asyncio.create_task(scripted.answer_next(GetEncryption, b"\x03"))

        async def next_sale() -> None:
            async with reader.transaction(SALE) as transaction:
                await scripted.answer_next(ActivateTransaction, status=0x08)
                await events_to_the_end(transaction)

        selling = asyncio.create_task(next_sale())
        await setting_up
        await scripted.answer_next(SetPollMode)
        await selling


@pytest.mark.parametrize(
    ("status", "verdict"), [(0x08, Verdict.TIMED_OUT), (0x0B, Verdict.FAILED)]
)
@in_virtual_time
async def test_reader_that_was_left_in_pass_through_is_recalled_once(
    status: int, verdict: Verdict
) -> None:
    async with (
        opened_reader() as (reader, scripted),
        transaction_on(reader, scripted, SALE) as transaction,
    ):
        hearing = asyncio.create_task(events_to_the_end(transaction))
        await scripted.answer_next(ActivateTransaction, status=0x0B)
        off = await scripted.answer_next(SetPassThrough)
        await scripted.answer_next(SetPollMode)
        await scripted.answer_next(ActivateTransaction, status=status)
        *_, last = await hearing

    assert not off.is_on
    assert last == TransactionFinished(verdict, f"{status:02X}")


@in_virtual_time
async def test_reader_without_display_has_its_texts_shown_at_the_register() -> None:
    text = DisplayText(DisplayMode.TEXT, (Line(1, "PLEASE"), Line(2, "REMOVE CARD")))
    unknown = DisplayText(DisplayMode.TEXT, (Line(1, "GOOD MORNING"),))
    async with started() as (transaction, scripted):
        await scripted.tell(
            DisplayRequested(text), DisplayRequested(unknown), SwipeRequested()
        )
        await scripted.send(TIMED_OUT)

        assert await events_to_the_end(transaction) == [
            CardRequested(SALE.options),
            MessageShown(DisplayMessage.REMOVE_CARD),
            TransactionFinished(Verdict.TIMED_OUT, "08"),
        ]


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("ENTER PIN", CustomerStep.ENTERING_PIN),
        ("Incorrect PIN", CustomerStep.ENTERING_PIN),
        ("SELECT APPLICATION", CustomerStep.SELECTING_APPLICATION),
    ],
)
@in_virtual_time
async def test_what_a_reader_says_that_its_customer_does_is_told(
    text: str, step: CustomerStep
) -> None:
    shown = DisplayText(DisplayMode.TEXT, (Line(1, text),))
    async with started() as (transaction, scripted):
        await scripted.tell(DisplayRequested(shown))
        await scripted.send(TIMED_OUT)

        assert CustomerActing(step) in await events_to_the_end(transaction)


@in_virtual_time
async def test_what_a_reader_has_its_host_choose_is_no_deed_of_the_customer() -> None:
    lines = (Line(1, "SELECT APPLICATION"), Line(2, "VISA"))
    menu = DisplayText(DisplayMode.MENU, lines)
    async with started() as (transaction, scripted):
        await scripted.tell(DisplayRequested(menu))
        await scripted.expect(AnswerDisplay)
        await scripted.send(TIMED_OUT)

        told = await events_to_the_end(transaction)

    assert not any(isinstance(event, CustomerActing) for event in told)


@in_virtual_time
async def test_questions_of_a_chip_are_answered_for_the_register() -> None:
    menu = DisplayText(DisplayMode.MENU, (Line(1, "VISA"), Line(2, "GIROCARD")))
    key = DisplayText(DisplayMode.TEXT_AND_KEY, (Line(1, "AMOUNT OK?"),))
    async with started() as (transaction, scripted):
        await scripted.send(STARTED)
        await scripted.expect(AuthenticateContact)
        await scripted.tell(DisplayRequested(menu))
        assert await scripted.next_command() == AnswerDisplay(DisplayMode.MENU, 1)
        await scripted.tell(DisplayRequested(key))
        assert await scripted.next_command() == AnswerDisplay(
            DisplayMode.TEXT_AND_KEY, ord("E")
        )
        await scripted.tell(PinRequested(1))
        assert await scripted.next_command() == RefusePin()
        await scripted.send(ONLINE)

        await until_online(transaction)


@pytest.mark.parametrize("step", [AuthenticateContact, ApplyHostResponse])
@in_virtual_time
async def test_restart_while_a_chip_is_in_the_slot_fails_the_read(step: type) -> None:
    async with started() as (transaction, scripted):
        if step is AuthenticateContact:
            await scripted.send(STARTED)
        else:
            await chip_waits_for_issuer(transaction, scripted)
            await transaction.complete_online(APPROVAL)
        await scripted.expect(step)
        await scripted.tell(Booted("NEO 2.0"))

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.FAILED, "restarted")
