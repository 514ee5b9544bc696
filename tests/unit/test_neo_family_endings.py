"""Card reads on an ID TECH reader that end without a card, or without its issuer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from neo_pipe import answer_to
from neo_transactions import (
    COLLISION,
    SALE,
    STARTED,
    TIMED_OUT,
    TRACK_TWINS,
    card,
    failed,
    result,
    started,
)
from transaction_events import events_to_the_end, until_online
from virtual_time import in_virtual_time

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    AuthenticateContact,
)
from drivers.protocol.idtech_neo.card_answer import Interface
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from drivers.reader import (
    CardRequested,
    DisplayMessage,
    InputOption,
    MessageShown,
    TransactionFinished,
    Verdict,
)

TAP_ONLY = replace(SALE, options=frozenset({InputOption.TAP}))
APPROVED_OFFLINE = card(
    ActivateTransaction,
    *TRACK_TWINS,
    CardObject(emv.CRYPTOGRAM_INFORMATION_DATA, b"\x40"),
    interface=Interface.CONTACTLESS,
)


@pytest.mark.parametrize(
    ("end", "finished"),
    [
        (TIMED_OUT, TransactionFinished(Verdict.TIMED_OUT, "08")),
        (
            answer_to(ActivateTransaction, status=StatusCode.FAILED),
            TransactionFinished(Verdict.CARD_NOT_READ, "0A"),
        ),
        (
            failed(ErrorCode.CARD_EXPIRED),
            TransactionFinished(Verdict.DECLINED, "0A26"),
        ),
        (
            failed(ErrorCode.CARD_DECLINED),
            TransactionFinished(Verdict.DECLINED, "0A42"),
        ),
        (
            failed(ErrorCode.TLV_PARSE),
            TransactionFinished(Verdict.CARD_NOT_READ, "0A81"),
        ),
        (
            answer_to(ActivateTransaction, status=StatusCode.INCORRECT_PARAMETER),
            TransactionFinished(Verdict.FAILED, "05"),
        ),
        (APPROVED_OFFLINE, TransactionFinished(Verdict.APPROVED, "00")),
        (
            card(ActivateTransaction, result(ResultCode.NOT_ACCEPTED)),
            TransactionFinished(Verdict.DECLINED, "0006"),
        ),
        (
            card(
                ActivateTransaction,
                result(ResultCode.DECLINED_OFFLINE),
                status=StatusCode.FAILED,
            ),
            TransactionFinished(Verdict.DECLINED, "0001"),
        ),
        (
            card(ActivateTransaction, status=StatusCode.FAILED),
            TransactionFinished(Verdict.CARD_NOT_READ, "0A"),
        ),
    ],
)
@in_virtual_time
async def test_end_without_a_card_says_why(
    end: Frame, finished: TransactionFinished
) -> None:
    async with started() as (transaction, scripted):
        await scripted.send(end)

        assert await events_to_the_end(transaction) == [
            CardRequested(SALE.options),
            finished,
        ]


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        (card(AuthenticateContact, result(ResultCode.DECLINED)), Verdict.DECLINED),
        (card(AuthenticateContact, result(0x0000)), Verdict.APPROVED),
        (card(AuthenticateContact, CardObject(0x9F27, b"\x00")), Verdict.DECLINED),
        (card(AuthenticateContact, CardObject(0x9A, bytes(3))), Verdict.FAILED),
        (answer_to(AuthenticateContact, status=0x08), Verdict.TIMED_OUT),
        (answer_to(AuthenticateContact), Verdict.FAILED),
    ],
)
@in_virtual_time
async def test_chip_that_does_not_ask_its_issuer(end: Frame, verdict: Verdict) -> None:
    async with started() as (transaction, scripted):
        await scripted.send(STARTED)
        await scripted.expect(AuthenticateContact)
        await scripted.send(end)

        *_, last = await events_to_the_end(transaction)

    assert isinstance(last, TransactionFinished)
    assert last.verdict is verdict


@pytest.mark.parametrize(
    "end",
    [
        card(AuthenticateContact, CardObject(0x9F27, b"\x80")),
        card(AuthenticateContact, status=StatusCode.ONLINE_REQUESTED),
    ],
)
@in_virtual_time
async def test_chip_asks_its_issuer_without_a_result_code_too(end: Frame) -> None:
    async with started() as (transaction, scripted):
        await scripted.send(STARTED)
        await scripted.expect(AuthenticateContact)
        await scripted.send(end)

        await until_online(transaction)


@in_virtual_time
async def test_insertion_that_is_not_wanted_ends_the_read() -> None:
    async with started(TAP_ONLY) as (transaction, scripted):
        await scripted.send(failed(ErrorCode.OVER_LIMIT))

        assert await events_to_the_end(transaction) == [
            CardRequested(TAP_ONLY.options),
            MessageShown(DisplayMessage.INSERT_CARD),
            TransactionFinished(Verdict.CARD_NOT_READ, "0A22"),
        ]


@in_virtual_time
async def test_card_that_fails_on_and_on_ends_the_read() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(COLLISION)
        for _ in range(9):
            await scripted.expect(ActivateTransaction)
            await scripted.send(COLLISION)

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.CARD_NOT_READ, "0A21")


@in_virtual_time
async def test_no_try_begins_when_the_time_is_up() -> None:
    async with started() as (transaction, scripted):
        await asyncio.sleep(60)
        await scripted.send(COLLISION)

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.CARD_NOT_READ, "0A21")
