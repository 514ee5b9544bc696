"""A collected card waits for its order, while its reader and register may think again."""

from __future__ import annotations

import asyncio
from typing import Any

from agent.errors import IntentInvalidState
from agent.events import EventBus
from agent.journal.entries import ActionFinished, CardCollected
from agent.payments.cancellation import Cancellation
from agent.payments.failures import (
    COLLECTION_TIMED_OUT,
    canceled,
    ended_without_card,
    failed,
)
from agent.payments.inspection import NOT_COLLECTED, Inspection, Order
from agent.payments.record import PaymentRecord
from agent.payments.settle import is_refusal
from agent.payments.telling import tell
from drivers.reader import Transaction, TransactionFinished


async def until_ordered(
    inspection: Inspection,
    transaction: Transaction,
    seen: CardCollected,
    *,
    record: PaymentRecord,
    events: EventBus,
    cancellation: Cancellation,
    timeout_s: float,
) -> Order | ActionFinished:
    """Write what was seen of the card; the order to charge it, or why it is not charged.

    What was sent nowhere is given up in any doubt: a cancellation and a chip that is
    gone come before an order of the same moment. Raises DriverError where the reader
    broke meanwhile, JournalUnavailable where it could not be written.
    """
    # Before the entry, since a register that asks sees it before it is on the disk.
    given = inspection.open()
    try:
        await record.add(seen)
        inspection.show()
        end = await _end_or_order(
            given,
            transaction,
            record=record,
            events=events,
            cancellation=cancellation,
            timeout_s=timeout_s,
        )
    except BaseException as error:
        inspection.refuse(error)
        raise
    if isinstance(end, ActionFinished):
        inspection.refuse(IntentInvalidState(NOT_COLLECTED, param="payment_intent"))
    return end


async def _end_or_order(
    given: asyncio.Future[Order],
    transaction: Transaction,
    *,
    record: PaymentRecord,
    events: EventBus,
    cancellation: Cancellation,
    timeout_s: float,
) -> Order | ActionFinished:
    listening = asyncio.create_task(_until_chip_is_gone(transaction, record, events))
    canceling = asyncio.create_task(cancellation.asked.wait())
    awaited: set[asyncio.Future[Any]] = {given, listening, canceling}
    try:
        await asyncio.wait(
            awaited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        end = _end_of(record, listening, cancellation)
        if end is None and given.done():
            return given.result()
        return end or failed(record.payment.payment_id, COLLECTION_TIMED_OUT)
    finally:
        listening.cancel()
        canceling.cancel()
        await asyncio.wait({listening, canceling})
        if not listening.cancelled():
            # Known now, also where a cancellation made it no matter.
            listening.exception()


def _end_of(
    record: PaymentRecord,
    listening: asyncio.Task[TransactionFinished],
    cancellation: Cancellation,
) -> ActionFinished | None:
    if cancellation.requested:
        return canceled(record.payment.payment_id)
    if listening.done():
        return ended_without_card(record.payment.payment_id, listening.result())
    return None


async def _until_chip_is_gone(
    transaction: Transaction, record: PaymentRecord, events: EventBus
) -> TransactionFinished:
    """How the reader ended; never returns for a card that has done its part."""
    async for event in transaction:
        record.heard(event)
        tell(event, payment=record.payment, events=events)
        if isinstance(event, TransactionFinished):
            record.card_ended = event
            if is_refusal(record.payment, event):
                return event
    # A tapped, swiped or Quick Chip card has left, as it should; it is charged all the same.
    never: asyncio.Future[TransactionFinished] = (
        asyncio.get_running_loop().create_future()
    )
    return await never
