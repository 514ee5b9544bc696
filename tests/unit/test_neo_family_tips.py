"""Tips at an ID TECH reader, chosen before the card is asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from neo_pipe import VP6800, ScriptedReader, opened_reader
from neo_transactions import SALE, TIMED_OUT, transaction_on
from transaction_events import events_to_the_end, next_event
from virtual_time import in_virtual_time

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import ActivateTransaction, CancelTransaction
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
)
from drivers.protocol.idtech_neo.keypad import (
    GetAmount,
    Typed,
    encode_digits,
    encode_typed,
)
from drivers.protocol.idtech_neo.status import KeypadState, StatusCode
from drivers.protocol.tlv import find_value
from drivers.reader import (
    CustomerActing,
    CustomerStep,
    TipChoices,
    TipChosen,
    TransactionFinished,
    Verdict,
)

TIPS = TipChoices(percents=(10, 15), allows_custom=True, allows_none=True)


async def sale_with_tip(
    scripted: ScriptedReader, *answers: bytes
) -> tuple[DisplayText, bytes | None]:
    """The menu that was shown, and the amount the card is then asked for."""
    shown = await scripted.answer_next(DisplayText, answers[0])
    for typed in answers[1:]:
        await scripted.answer_next(GetAmount)
        await scripted.answer(GetAmount, encode_typed(Typed(KeypadState.OK, typed)))
    activated = await scripted.expect(ActivateTransaction)
    await scripted.send(TIMED_OUT)
    return shown, find_value(activated.objects, emv.AMOUNT_AUTHORISED)


@pytest.mark.parametrize(
    ("answers", "tip"),
    [
        ([AnswerDisplay(DisplayMode.MENU, 2).to_data()], 123),
        ([AnswerDisplay(DisplayMode.MENU, 3).to_data()], 185),
        ([AnswerDisplay(DisplayMode.MENU, 4).to_data(), encode_digits("200")], 200),
        ([AnswerDisplay(DisplayMode.MENU, 5).to_data()], 0),
    ],
)
@in_virtual_time
async def test_tip_is_added_to_what_the_card_signs(
    answers: list[bytes], tip: int
) -> None:
    request = replace(SALE, tip=TIPS, tax=100)
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        shown, amount = await sale_with_tip(scripted, *answers)
        acting, chosen = [await next_event(transaction) for _ in range(2)]
        await events_to_the_end(transaction)

    assert acting == CustomerActing(CustomerStep.SELECTING_TIP)
    assert chosen == TipChosen(tip, 100)
    assert amount == emv.encode_amount(1234 + tip + 100)
    assert [line.text for line in shown.lines] == [
        "TIP?",
        "10% 1.23",
        "15% 1.85",
        "OTHER AMOUNT",
        "NO TIP",
    ]


@in_virtual_time
async def test_fixed_tips_are_offered_in_the_currency() -> None:
    tips = TipChoices(amounts=(100, 200), allows_custom=False, allows_none=False)
    request = replace(SALE, tip=tips, currency="jpy")
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        answer = AnswerDisplay(DisplayMode.MENU, 2).to_data()
        shown, _ = await sale_with_tip(scripted, answer)
        await events_to_the_end(transaction)

    assert [line.text for line in shown.lines] == ["TIP?", "100", "200"]


@in_virtual_time
async def test_nothing_to_choose_is_no_tip() -> None:
    nothing = TipChoices(allows_custom=False, allows_none=False)
    request = replace(SALE, tip=nothing)
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        await scripted.expect(ActivateTransaction)
        await scripted.send(TIMED_OUT)

        assert TipChosen(0, 0) in await events_to_the_end(transaction)


@pytest.mark.parametrize(
    ("status", "data", "verdict"),
    [
        (StatusCode.TIMED_OUT, b"", Verdict.TIMED_OUT),
        (
            StatusCode.OK,
            AnswerDisplay(DisplayMode.CANCEL).to_data(),
            Verdict.CANCELED_BY_CUSTOMER,
        ),
    ],
)
@in_virtual_time
async def test_sale_ends_where_no_tip_is_chosen(
    status: int, data: bytes, verdict: Verdict
) -> None:
    request = replace(SALE, tip=TIPS)
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        await scripted.answer_next(DisplayText, data, status=status)

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(verdict, "tip")


@in_virtual_time
async def test_sale_canceled_while_the_tip_is_chosen_ends() -> None:
    request = replace(SALE, tip=TIPS)
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        await scripted.expect(DisplayText)
        canceling = asyncio.create_task(transaction.cancel())
        await scripted.answer_next(CancelTransaction)
        await canceling

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.CANCELED_BY_HOST, "tip")


@in_virtual_time
async def test_tax_alone_is_told_and_added() -> None:
    request = replace(SALE, tax=100)
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        activated = await scripted.expect(ActivateTransaction)
        await scripted.send(TIMED_OUT)
        events = await events_to_the_end(transaction)

    assert events[0] == TipChosen(0, 100)
    amount = find_value(activated.objects, emv.AMOUNT_AUTHORISED)
    assert amount == emv.encode_amount(1334)
