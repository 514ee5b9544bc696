"""Card reads on an ID TECH reader that end as planned: tap, swipe, typed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from neo_pipe import VP6800, WIRES, Wire, answer_to, opened_reader
from neo_transactions import (
    APPROVAL,
    COLLISION,
    MASKED_SWIPE,
    MASKED_TAP,
    SALE,
    SWIPE_KSN,
    SWIPED,
    TAP_KSN,
    TAPPED,
    TRACK_TWINS,
    card,
    chip_waits_for_issuer,
    failed,
    started,
    transaction_on,
)
from published_vectors import neo_msr_block
from transaction_events import events_to_the_end, next_event, until_online
from virtual_time import in_virtual_time

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    AuthenticateContact,
    CancelTransaction,
    Fallback,
    Interface,
)
from drivers.protocol.idtech_neo.card_answer import Interface as CardInterface
from drivers.protocol.idtech_neo.display import DisplayMode, DisplayText
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form, find_value
from drivers.protocol.idtech_neo.issuer_data import decode_issuer_data
from drivers.protocol.idtech_neo.keypad import CardFields, GetCard
from drivers.protocol.idtech_neo.status import ErrorCode, StatusCode
from drivers.protocol.tlv import Tlv
from drivers.reader import (
    CardPresented,
    CardRequested,
    CustomerActing,
    CustomerStep,
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
async def test_tapped_card_goes_online_and_leaves_the_rest_to_its_issuer(
    wire: Wire,
) -> None:
    async with started(wire=wire) as (transaction, scripted):
        await scripted.send(SEEN, TAPPED)

        card = await until_online(transaction)
        await transaction.complete_online(APPROVAL)
        end = await events_to_the_end(transaction)

    assert card.read_method is ReadMethod.CONTACTLESS_EMV
    assert card.ksn == TAP_KSN
    assert card.masked_track_2 == MASKED_TAP
    objects = decode_issuer_data(card.ciphertext).objects
    assert find_value(objects, emv.PAN, form=Form.ENCRYPTED)
    assert end == [TransactionFinished(Verdict.DEFERRED, "host")]


@in_virtual_time
async def test_register_hears_how_a_tap_goes_on() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(SEEN, TAPPED)
        seen = [await next_event(transaction) for _ in range(4)]

    assert seen[:3] == [
        CardRequested(SALE.options),
        MessageShown(DisplayMessage.PROCESSING),
        CardPresented(InputOption.TAP),
    ]
    assert isinstance(seen[3], OnlineRequested)


@in_virtual_time
async def test_reader_is_told_what_the_sale_is_and_how_cards_may_come() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(COLLISION)
        command = await scripted.expect(ActivateTransaction)
        await scripted.send(TAPPED)
        await until_online(transaction)

    assert command == ActivateTransaction(
        60,
        (
            Tlv(emv.TRANSACTION_TYPE, b"\x00"),
            Tlv(emv.AMOUNT_AUTHORISED, b"\0\0\0\0\x12\x34"),
            Tlv(emv.AMOUNT_OTHER, bytes(6)),
            Tlv(emv.TRANSACTION_CURRENCY_CODE, b"\x08\x40"),
            Tlv(emv.TRANSACTION_CURRENCY_EXPONENT, b"\x02"),
        ),
        interfaces=Interface.MSR | Interface.CONTACTLESS | Interface.CONTACT,
        fallback=Fallback(is_allowed=True, next_command_s=180),
    )


@in_virtual_time
async def test_swiped_card_goes_online() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(SWIPED)
        card = await until_online(transaction)

    assert card.read_method is ReadMethod.MAGNETIC_STRIPE_TRACK2
    assert card.ksn == SWIPE_KSN
    assert card.masked_track_2 == MASKED_SWIPE


@in_virtual_time
async def test_swipe_for_want_of_a_chip_is_told_as_such() -> None:
    entry_mode = CardObject(emv.POS_ENTRY_MODE, b"\x80")
    block = CardObject(0xDFEE23, neo_msr_block())
    read = card(ActivateTransaction, block, entry_mode, interface=CardInterface.SWIPE)
    async with started() as (transaction, scripted):
        await scripted.send(read)

        online = await until_online(transaction)

    assert online.read_method is ReadMethod.MAGNETIC_STRIPE_FALLBACK


@in_virtual_time
async def test_stripe_in_the_air_is_told_as_such() -> None:
    read = card(
        ActivateTransaction, *TRACK_TWINS, interface=CardInterface.CONTACTLESS_STRIPE
    )
    async with started() as (transaction, scripted):
        await scripted.send(read)

        online = await until_online(transaction)

    assert online.read_method is ReadMethod.CONTACTLESS_MAGSTRIPE_MODE


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ErrorCode.COLLISION,
            DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED,
        ),
        (ErrorCode.CARD_SILENT, DisplayMessage.RETRY_CARD),
        (ErrorCode.CARD_COMMUNICATION, DisplayMessage.RETRY_CARD),
        (ErrorCode.CARD_UNSUPPORTED, DisplayMessage.TRY_ANOTHER_CARD),
    ],
)
@in_virtual_time
async def test_cardholder_may_try_again(
    error: ErrorCode, message: DisplayMessage
) -> None:
    async with started() as (transaction, scripted):
        await scripted.send(failed(error))
        again = await scripted.expect(ActivateTransaction)
        await scripted.send(TAPPED)
        _, told, *_ = [await next_event(transaction) for _ in range(4)]

    assert told == MessageShown(message)
    assert again.interfaces == (
        Interface.MSR | Interface.CONTACTLESS | Interface.CONTACT
    )


@pytest.mark.parametrize("error", [ErrorCode.OVER_LIMIT, ErrorCode.USE_CONTACT])
@in_virtual_time
async def test_tap_beyond_its_limit_is_to_be_inserted(error: ErrorCode) -> None:
    async with started() as (transaction, scripted):
        await scripted.send(failed(error))
        again = await scripted.expect(ActivateTransaction)
        await chip_waits_for_issuer(transaction, scripted)

    assert again.interfaces == Interface.CONTACT


@in_virtual_time
async def test_tries_share_the_cardholders_time() -> None:
    async with started() as (transaction, scripted):
        await asyncio.sleep(20)
        await scripted.send(COLLISION)
        again = await scripted.expect(ActivateTransaction)
        await scripted.send(TAPPED)
        await until_online(transaction)

    assert again.timeout_s == 40


@in_virtual_time
async def test_reader_with_a_display_shows_how_it_ended() -> None:
    async with started(profile=VP6800) as (transaction, scripted):
        await scripted.send(TAPPED)
        await until_online(transaction)
        await transaction.complete_online(IssuerAnswer("05"))
        shown = await scripted.answer_next(DisplayText, status=StatusCode.FAILED)
        await events_to_the_end(transaction)

    assert shown.mode is DisplayMode.TEXT
    assert [line.text for line in shown.lines] == ["DECLINED"]


MANUAL_SALE = replace(SALE, options=frozenset({InputOption.MANUAL}))


@in_virtual_time
async def test_typed_card_number_goes_online() -> None:
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, MANUAL_SALE) as transaction,
    ):
        asked = await scripted.expect(GetCard)
        await scripted.answer(GetCard, neo_msr_block())
        requested, acting, presented, online = [
            await next_event(transaction) for _ in range(4)
        ]

    assert asked == GetCard(
        60, CardFields.PAN | CardFields.EXPIRY | CardFields.CHECK_DIGIT
    )
    assert requested == CardRequested(MANUAL_SALE.options)
    assert acting == CustomerActing(CustomerStep.ENTERING_CARD_NUMBER)
    assert presented == CardPresented(InputOption.MANUAL)
    assert isinstance(online, OnlineRequested)
    assert online.card.read_method is ReadMethod.MANUAL_ENTRY


@pytest.mark.parametrize(
    ("data", "status", "verdict"),
    [
        (b"", StatusCode.TIMED_OUT, Verdict.TIMED_OUT),
        (b"\x01", StatusCode.FAILED, Verdict.CANCELED_BY_CUSTOMER),
        (b"", StatusCode.FAILED, Verdict.CARD_NOT_READ),
        (b"", StatusCode.COMMAND_NOT_ALLOWED, Verdict.FAILED),
    ],
)
@in_virtual_time
async def test_card_number_that_is_not_typed(
    data: bytes, status: int, verdict: Verdict
) -> None:
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, MANUAL_SALE) as transaction,
    ):
        await scripted.answer_next(GetCard, data, status=status)

        *_, last = await events_to_the_end(transaction)

    assert isinstance(last, TransactionFinished)
    assert last.verdict is verdict


@in_virtual_time
async def test_typed_card_may_come_with_its_attribution() -> None:
    block = CardObject(0xDFEE23, neo_msr_block())
    typed = card(GetCard, block, interface=CardInterface.SWIPE)
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, MANUAL_SALE) as transaction,
    ):
        await scripted.expect(GetCard)
        await scripted.send(typed)

        online = await until_online(transaction)

    assert online.read_method is ReadMethod.MANUAL_ENTRY


@in_virtual_time
async def test_canceled_typing_is_a_cancelation() -> None:
    async with (
        opened_reader(VP6800) as (reader, scripted),
        transaction_on(reader, scripted, MANUAL_SALE) as transaction,
    ):
        await scripted.expect(GetCard)
        canceling = asyncio.create_task(transaction.cancel())
        await scripted.answer_next(CancelTransaction)
        await canceling

        *_, last = await events_to_the_end(transaction)

    assert last == TransactionFinished(Verdict.CANCELED_BY_HOST, "silent")
