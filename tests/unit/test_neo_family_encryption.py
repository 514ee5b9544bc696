"""An ID TECH reader takes no payment while card data could leave it in the clear."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace

import pytest
from neo_pipe import ALL, answer_to, opened_reader
from neo_transactions import SALE, TAPPED, TRACK_TWINS, started, transaction_on
from transaction_events import events_to_the_end, next_event, until_online
from virtual_time import in_virtual_time

from drivers.errors import (
    FrameError,
    ReaderEncryptionOff,
    ReaderRefused,
    ReaderTampered,
    TlvError,
)
from drivers.protocol.idtech_neo.activate import ActivateTransaction
from drivers.protocol.idtech_neo.basic import Encryption, GetEncryption
from drivers.protocol.idtech_neo.card_answer import (
    CardAnswer,
    Interface,
    attribution_of,
    encode_card_answer,
)
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.reader import DeviceNotice, InputOption

PAN = "4761739001010010"


def tap(data: bytes) -> Frame:
    return answer_to(ActivateTransaction, data)


CLEAR = tap(b"\x01" + bytes.fromhex(f"5A08{PAN}9F3704DEADBEEF"))
CLEAR_THOUGH_SAID_ENCRYPTED = tap(b"\xc1" + bytes.fromhex(f"5A08{PAN}"))
CLEAR_TRACK = tap(
    b"\x08" + bytes.fromhex("DFEF1825") + f";{PAN}=2212201?".encode().ljust(0x25)
)
CLEAR_AND_CUT_SHORT = tap(b"\x01" + bytes.fromhex(f"5A08{PAN}9F"))
NOTHING_ENCRYPTED = tap(b"\xc1" + bytes.fromhex("9F3704DEADBEEF"))
WITHOUT_KSN = tap(
    encode_card_answer(
        CardAnswer(attribution_of(Interface.CONTACTLESS), TRACK_TWINS[1:])
    )
)


@pytest.mark.parametrize("encryption", [Encryption.OFF, Encryption.MSR, Encryption.EMV])
@in_virtual_time
async def test_no_card_is_asked_for_while_encryption_is_off(
    encryption: Encryption,
) -> None:
    async with opened_reader() as (reader, scripted):
        telling = asyncio.create_task(scripted.tell_encryption(encryption))

        with pytest.raises(ReaderEncryptionOff):
            async with reader.transaction(SALE):
                pytest.fail("a card was asked for")

        await telling


@pytest.mark.parametrize(
    ("option", "encryption"),
    [
        (InputOption.SWIPE, Encryption.MSR),
        (InputOption.INSERT, Encryption.EMV),
        (InputOption.TAP, ALL),
    ],
)
@in_virtual_time
async def test_what_is_taken_must_be_encrypted_and_no_more(
    option: InputOption, encryption: Encryption
) -> None:
    sale = replace(SALE, options=frozenset({option}))
    async with opened_reader() as (reader, scripted):
        telling = asyncio.create_task(scripted.tell_encryption(encryption))
        async with reader.transaction(sale):
            await telling
            await scripted.expect(ActivateTransaction)


@pytest.mark.parametrize("status", [0x02, 0x03, 0x0B, 0x0C])
@in_virtual_time
async def test_reader_without_the_switch_always_encrypts(status: int) -> None:
    async with opened_reader() as (reader, scripted):
        telling = asyncio.create_task(
            scripted.answer_next(GetEncryption, status=status)
        )
        async with reader.transaction(SALE) as transaction:
            await telling
            await scripted.expect(ActivateTransaction)
            await scripted.send(TAPPED)

            await until_online(transaction)


@in_virtual_time
async def test_reader_that_will_not_say_is_not_used() -> None:
    async with opened_reader() as (reader, scripted):
        telling = asyncio.create_task(scripted.answer_next(GetEncryption, status=0x0A))

        with pytest.raises(ReaderRefused):
            async with reader.transaction(SALE):
                pytest.fail("a card was asked for")

        await telling


@pytest.mark.parametrize(
    "answer", [CLEAR, CLEAR_THOUGH_SAID_ENCRYPTED, CLEAR_TRACK, NOTHING_ENCRYPTED]
)
@in_virtual_time
async def test_card_in_the_clear_is_dropped_and_none_is_asked_for_again(
    answer: Frame,
) -> None:
    async with opened_reader() as (reader, scripted):
        async with transaction_on(reader, scripted, SALE) as transaction:
            await scripted.expect(ActivateTransaction)
            await scripted.send(answer)
            with pytest.raises(ReaderEncryptionOff) as caught:
                await events_to_the_end(transaction)

        with pytest.raises(ReaderEncryptionOff):
            async with reader.transaction(SALE):
                pytest.fail("a card was asked for")

    assert no_card_in(caught.value)


@in_virtual_time
async def test_card_in_the_clear_that_is_cut_short_leaves_nothing_behind() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(CLEAR_AND_CUT_SHORT)

        with pytest.raises(TlvError) as caught:
            await events_to_the_end(transaction)

    assert no_card_in(caught.value)


def no_card_in(error: BaseException | None) -> bool:
    """Whether no variable that the error or its causes went through shows the card."""
    while error is not None:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        text = "".join(told.format())
        if PAN in text or repr(bytes.fromhex(PAN))[2:-1] in text:
            return False
        error = error.__cause__ or error.__context__
    return True


@in_virtual_time
async def test_card_that_nobody_could_decrypt_is_refused() -> None:
    async with started() as (transaction, scripted):
        await scripted.send(WITHOUT_KSN)

        with pytest.raises(FrameError, match="key serial number"):
            await events_to_the_end(transaction)


@in_virtual_time
async def test_tampered_reader_says_so_clearly() -> None:
    async with opened_reader() as (reader, scripted):
        telling = asyncio.create_task(
            scripted.answer_next(GetEncryption, status=StatusCode.TAMPERED)
        )
        with pytest.raises(ReaderTampered):
            async with reader.transaction(SALE):
                pytest.fail("a tampered reader was used")
        await telling

        assert await anext(reader.notices) is DeviceNotice.TAMPERED


@in_virtual_time
async def test_reader_that_is_tampered_with_while_it_reads_says_so_too() -> None:
    async with started() as (transaction, scripted):
        await next_event(transaction)
        await scripted.answer(ActivateTransaction, status=StatusCode.TAMPERED)

        with pytest.raises(ReaderTampered):
            await next_event(transaction)
