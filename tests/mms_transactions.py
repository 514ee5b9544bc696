"""Card reads on a scripted MagTek device: how to start one and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from mms_pipe import (
    ScriptedDevice,
    opened_reader,
)

from drivers.protocol.magtek_mms.card_data import Batch, encode_batch
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import STARTED, StatusDetail, refused
from drivers.reader import (
    ChipFlow,
    IssuerAnswer,
    Transaction,
    TransactionRequest,
)
from drivers.wires import WireKind

SALE = TransactionRequest(amount=1234, currency="usd", timeout_s=60)
QUICK_SALE = replace(SALE, flow=ChipFlow.QUICK_CHIP)
APPROVAL = IssuerAnswer("00", authentication_data=bytes(8))

INSERTED = CardUpdate(Technology.CONTACT, CardChange.INSERTED)
REMOVED = CardUpdate(Technology.CONTACT, CardChange.REMOVED)
TAPPED = CardUpdate(Technology.CONTACTLESS, CardChange.DETECTED)
BATCH = CardData(
    Technology.CONTACT, DataKind.BATCH, encode_batch(Batch(status=0, encrypted=None))
)
APPROVED = TransactionComplete(Technology.CONTACT, Outcome.APPROVED)
DECLINED = TransactionComplete(Technology.CONTACT, Outcome.DECLINED)
CANCELED = TransactionComplete(Technology.NONE, Outcome.CANCELED_BY_HOST)
TOO_LATE = refused(StatusDetail.CANNOT_CANCEL)
NOTHING_RUNS = refused(StatusDetail.NO_TRANSACTION)
BUSY = refused(StatusDetail.TRANSACTION_IN_PROGRESS)


@asynccontextmanager
async def started(
    request: TransactionRequest = SALE,
    *then: Notice,
    model: str = "magtek_dynaprox",
    kind: WireKind = WireKind.STREAM,
    chunk_bytes: int | None = None,
) -> AsyncIterator[tuple[Transaction, ScriptedDevice]]:
    """A transaction the device accepted; `then` comes in the same breath."""
    async with (
        opened_reader(model=model, kind=kind, chunk_bytes=chunk_bytes) as (
            reader,
            device,
        ),
        AsyncExitStack() as stack,
    ):
        answering = asyncio.create_task(
            device.answer_next(StartTransaction, STARTED, *then)
        )
        transaction = await stack.enter_async_context(reader.transaction(request))
        await answering
        yield transaction, device


async def start_and_leave(opening: Any) -> None:
    async with opening:
        return
