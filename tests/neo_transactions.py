"""Card reads on a scripted ID TECH reader: how to start one and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from neo_pipe import VP3300, WIRES, ScriptedReader, Wire, answer_to, opened_reader
from published_vectors import neo_frames, neo_msr_block
from transaction_events import until_online

from drivers.families.idtech_neo.reader import IdTechNeoReader
from drivers.profile import Profile
from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    CancelTransaction,
)
from drivers.protocol.idtech_neo.card_answer import (
    ERROR,
    KSN,
    MSR_BLOCK,
    RESULT_CODE,
    CardAnswer,
    Interface,
    attribution_of,
    encode_card_answer,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form
from drivers.protocol.idtech_neo.frame import Frame, decode
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from drivers.reader import (
    ChipFlow,
    EncryptedCard,
    IssuerAnswer,
    Transaction,
    TransactionRequest,
)

SALE = TransactionRequest(amount=1234, currency="usd", timeout_s=60)
QUICK_SALE = replace(SALE, flow=ChipFlow.QUICK_CHIP)
APPROVAL = IssuerAnswer("00", authentication_data=bytes(8))
TAP_KSN = bytes.fromhex("FFFF9876543210E00002")
SWIPE_KSN = bytes.fromhex("FFFF9876543210E00003")
MASKED_TAP = ";4761********0010=2212*****************?"
MASKED_SWIPE = ";4761********0010=2212****************?"

TAPPED = decode(neo_frames("answers")["online requested by a tap"])
TIMED_OUT = answer_to(ActivateTransaction, status=StatusCode.TIMED_OUT)
CANCELED = answer_to(CancelTransaction)


def card(
    kind: type,
    *objects: CardObject,
    interface: Interface = Interface.CONTACT,
    status: int = StatusCode.OK,
) -> Frame:
    """An answer with an encrypted card's objects."""
    answer = CardAnswer(attribution_of(interface), objects)
    return answer_to(kind, encode_card_answer(answer), status=status)


def result(code: int) -> CardObject:
    """Where a contact transaction stands."""
    return CardObject(RESULT_CODE, code.to_bytes(2, "big"))


def failed(error: int) -> Frame:
    """An answer that no card could be read, and why."""
    value = bytes((error, 0, 0, 0))
    return card(
        ActivateTransaction,
        CardObject(ERROR, value),
        interface=Interface.CONTACTLESS,
        status=StatusCode.FAILED,
    )


TRACK_TWINS = (
    CardObject(KSN, TAP_KSN),
    CardObject(
        emv.TRACK_2_EQUIVALENT_DATA,
        bytes.fromhex("4761CCCCCCCC0010D2212CCCCCCCCCCCCCCCCC"),
        Form.MASKED,
    ),
    CardObject(emv.TRACK_2_EQUIVALENT_DATA, bytes(range(24)), Form.ENCRYPTED),
)
CRYPTOGRAM = CardObject(emv.APPLICATION_CRYPTOGRAM, bytes(8))
STARTED = card(ActivateTransaction, *TRACK_TWINS, result(ResultCode.STARTED))
ONLINE = card(AuthenticateContact, CRYPTOGRAM, result(ResultCode.GO_ONLINE))
CHIP_APPROVED = card(ApplyHostResponse, result(ResultCode.APPROVED))
CHIP_DECLINED = card(ApplyHostResponse, result(ResultCode.DECLINED))
FALLBACK = card(ActivateTransaction, result(ResultCode.FALLBACK))
SWIPED = card(
    ActivateTransaction,
    CardObject(MSR_BLOCK, neo_msr_block()),
    interface=Interface.SWIPE,
)
COLLISION = failed(ErrorCode.COLLISION)


@asynccontextmanager
async def started(
    request: TransactionRequest = SALE,
    *,
    profile: Profile = VP3300,
    wire: Wire = WIRES["serial"],
) -> AsyncIterator[tuple[Transaction, ScriptedReader]]:
    """A transaction on a reader that waits for its card; nothing is answered yet."""
    async with (
        opened_reader(profile, wire=wire) as (reader, scripted),
        transaction_on(reader, scripted, request) as transaction,
    ):
        await scripted.expect(ActivateTransaction)
        yield transaction, scripted


@asynccontextmanager
async def transaction_on(
    reader: IdTechNeoReader, scripted: ScriptedReader, request: TransactionRequest
) -> AsyncIterator[Transaction]:
    """A transaction on a reader that says that it encrypts."""
    async with AsyncExitStack() as stack:
        telling = asyncio.create_task(scripted.tell_encryption())
        transaction = await stack.enter_async_context(reader.transaction(request))
        await telling
        yield transaction


async def chip_waits_for_issuer(
    transaction: Transaction, scripted: ScriptedReader
) -> EncryptedCard:
    """A chip is inserted and asks for its issuer."""
    await scripted.send(STARTED)
    await scripted.expect(AuthenticateContact)
    await scripted.send(ONLINE)
    return await until_online(transaction)
