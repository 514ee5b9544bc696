"""Chip cards on an ID TECH reader: application, cryptogram, issuer, last word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from neo_pipe import VP3300, WIRES, Wire, answer_to, opened_reader
from neo_transactions import (
    APPROVAL,
    CHIP_APPROVED,
    CHIP_DECLINED,
    CRYPTOGRAM,
    FALLBACK,
    ONLINE,
    QUICK_SALE,
    SALE,
    STARTED,
    SWIPE_KSN,
    SWIPED,
    TAP_KSN,
    TRACK_TWINS,
    card,
    chip_waits_for_issuer,
    result,
    started,
    transaction_on,
)
from transaction_events import events_to_the_end, next_event, until_online
from virtual_time import in_virtual_time

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    Interface,
    StartContact,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form, find_value
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.issuer_data import decode_issuer_data
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from drivers.protocol.tlv import Tlv
from drivers.reader import (
    CardRequested,
    DisplayMessage,
    InputOption,
    IssuerAnswer,
    MessageShown,
    OnlineRequested,
    ReadMethod,
    TransactionFinished,
    Verdict,
)

SEEN = answer_to(ActivateTransaction, b"\x01", status=StatusCode.USER_INTERFACE_EVENT)
IN_PROGRESS = answer_to(AuthenticateContact, status=StatusCode.IN_PROGRESS)


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@in_virtual_time
async def test_chip_hears_its_issuer_and_has_the_last_word(wire: Wire) -> None:
    async with started(wire=wire) as (transaction, scripted):
        await scripted.send(STARTED)
        authenticate = await scripted.expect(AuthenticateContact)
        await scripted.send(IN_PROGRESS, ONLINE)
        online = await until_online(transaction)
        answer = IssuerAnswer("00", bytes(8), scripts=bytes.fromhex("7203860100"))
        await transaction.complete_online(answer)
        applied = await scripted.expect(ApplyHostResponse)
        await scripted.send(CHIP_APPROVED)
        end = await events_to_the_end(transaction)

    assert authenticate.forces_online
    assert online.read_method is ReadMethod.CONTACT_EMV
    assert online.ksn == TAP_KSN
    assert applied.objects == (
        Tlv(emv.AUTHORISATION_RESPONSE_CODE, b"00"),
        Tlv(emv.ISSUER_AUTHENTICATION_DATA, bytes(8)),
    )
    assert applied.scripts == bytes.fromhex("7203860100")
    assert end == [TransactionFinished(Verdict.APPROVED, "0002")]


@in_virtual_time
async def test_both_answers_about_a_chip_reach_its_issuer() -> None:
    async with started() as (transaction, scripted):
        online = await chip_waits_for_issuer(transaction, scripted)

    objects = decode_issuer_data(online.ciphertext).objects
    assert find_value(objects, emv.TRACK_2_EQUIVALENT_DATA, form=Form.ENCRYPTED)
    assert find_value(objects, emv.APPLICATION_CRYPTOGRAM) == bytes(8)


@in_virtual_time
async def test_card_data_of_the_second_answer_stay_under_their_own_key() -> None:
    later = CardObject(0xDFEE12, SWIPE_KSN)
    twins = (later, *TRACK_TWINS[1:], CRYPTOGRAM, result(ResultCode.GO_ONLINE))
    async with started() as (transaction, scripted):
        await scripted.send(STARTED)
        await scripted.expect(AuthenticateContact)
        await scripted.send(card(AuthenticateContact, *twins))

        online = await until_online(transaction)

    assert online.ksn == SWIPE_KSN


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        (CHIP_DECLINED, Verdict.DECLINED),
        (answer_to(ApplyHostResponse), Verdict.APPROVED),
        (answer_to(ApplyHostResponse, status=0x0A), Verdict.CARD_NOT_READ),
        (answer_to(ApplyHostResponse, status=0x08), Verdict.TIMED_OUT),
        (answer_to(ApplyHostResponse, status=0x0B), Verdict.FAILED),
        (
            card(ApplyHostResponse, CardObject(0x9F27, b"\x40")),
            Verdict.APPROVED,
        ),
        (card(ApplyHostResponse, CardObject(0x9F27, b"\x00")), Verdict.DECLINED),
        (card(ApplyHostResponse, CardObject(0x9F27, b"\x80")), Verdict.FAILED),
        (card(ApplyHostResponse, CardObject(0x9A, bytes(3))), Verdict.APPROVED),
        (
            card(
                ApplyHostResponse,
                CardObject(0xFFEE1F, bytes((ErrorCode.CARD_SILENT, 0, 0, 0))),
                status=StatusCode.FAILED,
            ),
            Verdict.CARD_REMOVED,
        ),
        (card(ApplyHostResponse, result(ResultCode.FALLBACK)), Verdict.CARD_NOT_READ),
        (card(ApplyHostResponse, result(0x7777)), Verdict.FAILED),
    ],
)
@in_virtual_time
async def test_last_word_of_a_chip(last: Frame, verdict: Verdict) -> None:
    async with started() as (transaction, scripted):
        await chip_waits_for_issuer(transaction, scripted)
        await transaction.complete_online(APPROVAL)
        await scripted.expect(ApplyHostResponse)
        await scripted.send(last)

        [end] = await events_to_the_end(transaction)

    assert isinstance(end, TransactionFinished)
    assert end.verdict is verdict


@in_virtual_time
async def test_quick_chip_lets_the_card_go_before_its_issuer_answers() -> None:
    async with started(QUICK_SALE) as (transaction, scripted):
        await chip_waits_for_issuer(transaction, scripted)
        given_up = await scripted.answer_next(ApplyHostResponse)
        [end] = await events_to_the_end(transaction)
        await transaction.complete_online(APPROVAL)

    assert given_up.objects == (Tlv(emv.AUTHORISATION_RESPONSE_CODE, b"Z3"),)
    assert end == TransactionFinished(Verdict.DEFERRED, "quick_chip")


@in_virtual_time
async def test_reader_that_asks_the_chip_by_itself_is_taken_at_its_word() -> None:
    read = card(
        ActivateTransaction, *TRACK_TWINS, CRYPTOGRAM, result(ResultCode.GO_ONLINE)
    )
    async with started() as (transaction, scripted):
        await scripted.send(read)
        online = await until_online(transaction)
        await transaction.complete_online(APPROVAL)
        await scripted.expect(ApplyHostResponse)
        await scripted.send(CHIP_APPROVED)
        await events_to_the_end(transaction)

    assert online.read_method is ReadMethod.CONTACT_EMV


@in_virtual_time
async def test_chip_that_cannot_be_read_may_be_swiped() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(FALLBACK)
        swipe_only = await scripted.expect(ActivateTransaction)
        await scripted.send(SWIPED)
        first, message, again, _, online = [
            await next_event(transaction) for _ in range(5)
        ]

    assert first == CardRequested(SALE.options)
    assert message == MessageShown(DisplayMessage.SWIPE_CARD)
    assert again == CardRequested(frozenset({InputOption.SWIPE}))
    assert swipe_only.interfaces == Interface.MSR
    assert isinstance(online, OnlineRequested)
    assert online.card.read_method is ReadMethod.MAGNETIC_STRIPE_FALLBACK


@in_virtual_time
async def test_reader_whose_activation_takes_no_chip_is_started_by_60_10() -> None:
    odd = replace(VP3300, quirks=frozenset({"contact_by_60_10"}))
    async with (
        opened_reader(odd) as (reader, scripted),
        transaction_on(reader, scripted, SALE) as transaction,
    ):
        start = await scripted.expect(StartContact)
        await scripted.send(card(StartContact, *TRACK_TWINS))
        await scripted.expect(AuthenticateContact)
        requested = await next_event(transaction)
        await scripted.send(ONLINE)
        await until_online(transaction)

    assert requested == CardRequested(
        frozenset({InputOption.INSERT, InputOption.SWIPE})
    )
    assert start.allows_fallback
    assert start.timeout_s == 60
