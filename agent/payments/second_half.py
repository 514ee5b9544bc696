"""From a card that was read to its verdict: Stripe is asked, and the card hears of it.

A chip waits in the reader for as long as the reader's patience lasts. When that ends
first, the card is told that nobody could be reached, and an approval that comes after
all is taken back: the journal says so before the card does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from agent.events import EventBus
from agent.journal.entries import CardEndedEarly
from agent.log import get_logger
from agent.payments.failures import ONLINE_TIMED_OUT
from agent.payments.issuer_answer import UNABLE_TO_GO_ONLINE, issuer_answer
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.settle import has_second_half, is_refusal
from agent.payments.settlement import Settlement
from agent.payments.states import UNSETTLED
from agent.payments.telling import tell
from agent.readers.session import ReaderSession
from drivers.errors import DriverError, LocalError, ReaderRefused
from drivers.profile import profile_named
from drivers.reader import (
    DisplayMessage,
    IssuerAnswer,
    MessageShown,
    SignatureCaptured,
    Transaction,
    TransactionFinished,
)
from drivers.signature_svg import signature_svg

log = get_logger(__name__)

T = TypeVar("T")
_REMOVE_CARD = MessageShown(DisplayMessage.REMOVE_CARD)
"""Told where the reader has not said so itself: its chip has no more to do."""


async def authorise(
    transaction: Transaction,
    *,
    record: PaymentRecord,
    settle: Coroutine[None, None, None],
    settlement: Settlement,
    session: ReaderSession,
    events: EventBus,
    waited_s: float = 0.0,
) -> None:
    """Settle the confirm that the journal has announced, and end the card's part.

    `settle` returns when it is known what becomes of the confirm. `waited_s` is for how
    long the card has waited already since it was read. Raises JournalError, and
    DriverError where the reader fails: the confirm is settled then.
    """
    patience_s = _patience_s(record.payment, session, settlement, waited_s=waited_s)
    async with (
        _at_once(settle) as settling,
        _at_once(_heard_to_its_end(transaction, record, events)) as ending,
    ):
        await asyncio.wait(
            (settling, ending), timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
        )
        early = None if settling.done() else _early_end(record, ending, patience_s)
        if early is not None:
            await _give_up(record, early)
        else:
            await settling
        failure = None if ending.done() else await _answer(transaction, record)
        # Whatever becomes of the reader, what Stripe did must be known first.
        await settling
        if failure is not None:
            raise failure
        await ending


def _patience_s(
    payment: Payment,
    session: ReaderSession,
    settlement: Settlement,
    *,
    waited_s: float,
) -> float | None:
    """How long the card waits for its issuer; None for one that does not.

    Only a chip that is to hear the answer waits: whatever else was read has left.
    """
    if not has_second_half(payment, settlement):
        return None
    own_s = profile_named(session.record.model).online_timeout_s
    return min(settlement.settings.online_timeout_s, max(0.0, own_s - waited_s))


def _early_end(
    record: PaymentRecord, ending: asyncio.Task[None], patience_s: float | None
) -> CardEndedEarly | None:
    """The card's end without an answer; None where it is not over, or not badly."""
    payment, ended = record.payment, record.card_ended
    if not ending.done():
        return CardEndedEarly(
            payment.payment_id, ONLINE_TIMED_OUT, reason=UNABLE_TO_GO_ONLINE
        )
    if patience_s is None or ended is None or not is_refusal(payment, ended):
        return None
    return CardEndedEarly(payment.payment_id, ended.verdict, reason=ended.reason)


async def _give_up(record: PaymentRecord, early: CardEndedEarly) -> None:
    """Write it down, unless Stripe has answered just now."""
    await record.durable()
    if record.payment.phase in UNSETTLED:
        log.warning(
            "payment.card_ended_early",
            payment_id=early.payment_id,
            verdict=early.verdict,
        )
        await record.add(early)


async def _answer(
    transaction: Transaction, record: PaymentRecord
) -> DriverError | None:
    """Hand the issuer's answer to the reader; that there is none, where it is late.

    What the reader makes of it is heard elsewhere; its failure is returned.
    """
    payment = record.payment
    if payment.card_end is None:
        answer = issuer_answer(payment)
    else:
        answer = IssuerAnswer(UNABLE_TO_GO_ONLINE)
    try:
        await transaction.complete_online(answer)
    except (ReaderRefused, LocalError) as error:
        # Quick Chip, or the reader did not wait; its reason is among the events.
        log.info("payment.reader_did_not_wait", reason=str(error))
    except DriverError as error:
        return error
    return None


async def _heard_to_its_end(
    transaction: Transaction, record: PaymentRecord, events: EventBus
) -> None:
    payment = record.payment
    is_asked_for = False
    async for event in transaction:
        record.heard(event)
        tell(event, payment=payment, events=events)
        match event:
            case SignatureCaptured(signature):
                await record.keep_signature(signature_svg(signature))
            case MessageShown(message=DisplayMessage.REMOVE_CARD):
                is_asked_for = True
            case _:
                pass
        if isinstance(event, TransactionFinished):
            record.card_ended = event
            if record.is_card_inside and not is_asked_for:
                tell(_REMOVE_CARD, payment=payment, events=events)


@asynccontextmanager
async def _at_once(work: Coroutine[None, None, T]) -> AsyncIterator[asyncio.Task[T]]:
    """A task that does not outlive the context."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            # Whoever left early had a reason of their own; this one is known now.
            task.exception()
