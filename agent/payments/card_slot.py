"""A card that its holder forgot in the reader: asked back, and told when it is out.

Never in the way of money: what a reader cannot tell is not waited for.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.errors import ReaderError
from agent.events import EventBus
from agent.journal.entries import ActionFinished
from agent.payments.cancellation import Cancellation
from agent.payments.failures import CARD_LEFT_IN_READER, canceled, failed
from agent.payments.payment import Payment
from agent.payments.telling import tell
from agent.readers.session import ReaderSession
from drivers.errors import DriverError
from drivers.profile import profile_named
from drivers.reader import (
    CardRemoved,
    CardSlot,
    DisplayMessage,
    MessageShown,
    SlotState,
)

REPEAT_S = 5.0
"""How often whoever stands at the till is reminded."""
REMOVE_CARD = MessageShown(DisplayMessage.REMOVE_CARD)


async def emptied(
    payment: Payment,
    session: ReaderSession,
    *,
    events: EventBus,
    cancellation: Cancellation,
    timeout_s: float,
) -> ActionFinished | None:
    """Have the card of somebody else taken out before this payment asks for one.

    The end of the payment where it is still there after `timeout_s`, or where the
    register has canceled; None where no card is in the way.
    """
    if await state_of(session) is not SlotState.OCCUPIED:
        return None
    try:
        async with cancellation.of_questions(), asyncio.timeout(timeout_s):
            await until_out(payment, session, events=events)
    except TimeoutError:
        slot = _slot_of(session)
        if slot is not None:
            slot.doubt()
        return failed(payment.payment_id, CARD_LEFT_IN_READER)
    return canceled(payment.payment_id) if cancellation.requested else None


async def until_out(
    payment: Payment,
    session: ReaderSession,
    *,
    events: EventBus,
    reminded_in_s: float = 0.0,
) -> None:
    """Ask for the card every REPEAT_S until it is out, and tell that it is.

    Returns without a word where the reader is gone, or cannot tell any more.
    `reminded_in_s` is until it is asked for first.
    """
    loop = asyncio.get_running_loop()
    next_s = loop.time() + reminded_in_s
    was_asked = False
    while (state := await state_of(session)) is SlotState.OCCUPIED:
        if loop.time() >= next_s:
            tell(REMOVE_CARD, payment=payment, events=events)
            await _show(session, DisplayMessage.REMOVE_CARD)
            next_s, was_asked = loop.time() + REPEAT_S, True
        await _news(session, within_s=next_s - loop.time())
    if was_asked:
        await _show(session, DisplayMessage.WELCOME)
    if state is SlotState.EMPTY:
        tell(CardRemoved(), payment=payment, events=events)


async def state_of(session: ReaderSession) -> SlotState:
    """What is known of the slot now; waits for its turn at the reader."""
    if _slot_of(session) is None:
        return SlotState.UNKNOWN
    try:
        async with session.hold() as reader:
            slot = reader.slot
            return SlotState.UNKNOWN if slot is None else await slot.look()
    except (ReaderError, DriverError):
        return SlotState.UNKNOWN


def _slot_of(session: ReaderSession) -> CardSlot | None:
    return None if session.reader is None else session.reader.slot


async def _news(session: ReaderSession, *, within_s: float) -> None:
    slot = _slot_of(session)
    if slot is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_s)):
                await slot.changed()


async def _show(session: ReaderSession, message: DisplayMessage) -> None:
    """On the reader's own display, if it has one; the register is told anyhow."""
    if not profile_named(session.record.model).capabilities.has_display:
        return
    with suppress(ReaderError, DriverError):
        async with session.hold() as reader:
            await reader.display(message, seconds=0)
