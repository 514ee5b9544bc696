"""One payment, read top to bottom: card, confirm, card's verdict, end.

Entry, effect, entry: whatever cuts this function off, payments/recover.py can tell
from the journal what may have happened.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from agent.errors import ReaderError
from agent.events import EventBus
from agent.journal.entries import ActionFinished, CardCollected, ConfirmStarted
from agent.log import get_logger
from agent.offline.errors import OfflineError
from agent.payments.asking import card_request
from agent.payments.cancellation import Cancellation
from agent.payments.card_slot import emptied
from agent.payments.customer_cancellation import asks_again
from agent.payments.failures import (
    CARD_READ_TIMED_OUT,
    canceled,
    ended_without_card,
    failed,
    reader_failed,
)
from agent.payments.held_card import digest, to_bytes
from agent.payments.inspection import Order
from agent.payments.record import PaymentRecord
from agent.payments.second_half import authorise
from agent.payments.settle import IfUnsent, finish, settle_confirm
from agent.payments.settlement import Settlement
from agent.payments.shown_card import shown_card
from agent.payments.states import REPLACEABLE
from agent.payments.storing import Course, Storing
from agent.payments.telling import tell
from agent.payments.wanted import METADATA
from agent.readers.session import ReaderSession
from agent.stripe_api.cards import ConfirmCard
from drivers.errors import DriverError, LocalError
from drivers.reader import (
    EncryptedCard,
    OnlineRequested,
    TipChoices,
    TipChosen,
    Transaction,
    TransactionFinished,
    TransactionRequest,
)

log = get_logger(__name__)


UntilOrdered = Callable[[Transaction, CardCollected], Awaitable[Order | ActionFinished]]
"""How a card waits in its reader for the order to charge it, once it was written down."""


@dataclass(frozen=True, slots=True)
class CollectedCard:
    """A card, and what was agreed with its holder before."""

    card: EncryptedCard
    tip: int | None
    """Minor units on top of the amount, signed by the card; None where nobody was asked."""


@dataclass(frozen=True, slots=True)
class _Till:
    """What a card is taken with, besides what is to become of it."""

    session: ReaderSession
    settlement: Settlement
    events: EventBus
    cancellation: Cancellation
    until_ordered: UntilOrdered | None
    storing: Storing | None


async def process_with_card(
    record: PaymentRecord,
    *,
    session: ReaderSession,
    settlement: Settlement,
    events: EventBus,
    cancellation: Cancellation,
    until_ordered: UntilOrdered | None = None,
    tip: TipChoices | None = None,
    storing: Storing | None = None,
) -> None:
    """Collect a card, and have Stripe do with it what the action wants, now or later.

    Returns with it finished. Raises JournalError: then it is left for recovery.
    """
    uncharged: ActionFinished | None = None
    till = _Till(session, settlement, events, cancellation, until_ordered, storing)
    try:
        asked = card_request(record.payment, session, settlement.settings, tip, storing)
        uncharged = await _take_card(record, asked, till)
    except (DriverError, ReaderError, OfflineError) as error:
        if record.payment.phase in REPLACEABLE:
            uncharged = _unread(record, error, is_wanted=cancellation.requested)
    # Only now, with the reader idle: who hears of the end may ask for the next payment.
    await _end(record, uncharged, settlement)


async def _take_card(
    record: PaymentRecord, asked: TransactionRequest, till: _Till
) -> ActionFinished | None:
    """Ask for a card until there is one or an end; the end where nothing was charged.

    The cardholder has `asked.timeout_s` in all, counted from when the slot was empty.
    """
    loop, payment = asyncio.get_running_loop(), record.payment
    deadline_s, restarts = math.inf, 0
    while True:
        end = await emptied(
            payment,
            till.session,
            events=till.events,
            cancellation=till.cancellation,
            timeout_s=asked.timeout_s,
        )
        if end is not None:
            return end
        if restarts:
            asked = replace(asked, timeout_s=int(deadline_s - loop.time()))
            if asked.timeout_s < 1:
                return failed(payment.payment_id, CARD_READ_TIMED_OUT)
        else:
            deadline_s = loop.time() + asked.timeout_s
        async with till.session.transaction(asked) as transaction:
            async with till.cancellation.of(transaction):
                collected = await _collect_card(transaction, record, till.events)
            if not _asks_again(record, collected, till, restarts=restarts):
                return await _conclude(transaction, record, collected, till)
        restarts += 1


def _asks_again(
    record: PaymentRecord,
    collected: CollectedCard | TransactionFinished,
    till: _Till,
    *,
    restarts: int,
) -> bool:
    if till.cancellation.requested or isinstance(collected, CollectedCard):
        return False
    return asks_again(record.payment, collected, restarts=restarts)


async def _conclude(
    transaction: Transaction,
    record: PaymentRecord,
    collected: CollectedCard | TransactionFinished,
    till: _Till,
) -> ActionFinished | None:
    """What becomes of the card, or of the lack of one; the end, where none is charged."""
    # From here to the journal nothing waits: a cancellation is seen, or too late.
    await record.durable()
    if isinstance(collected, TransactionFinished):
        return ended_without_card(record.payment.payment_id, collected)
    if till.cancellation.requested:
        return canceled(record.payment.payment_id)
    return await _act(transaction, record, collected, till)


async def _end(
    record: PaymentRecord, uncharged: ActionFinished | None, settlement: Settlement
) -> None:
    if uncharged is not None:
        await record.end(uncharged)
    else:
        await finish(record, settlement=settlement)


async def _collect_card(
    transaction: Transaction, record: PaymentRecord, events: EventBus
) -> CollectedCard | TransactionFinished:
    """Tell the register what the reader asks for, until there is a card or an end."""
    tip: int | None = None
    async for event in transaction:
        record.heard(event)
        tell(event, payment=record.payment, events=events)
        match event:
            case TipChosen():
                tip = event.tip
            case OnlineRequested(card=card):
                return CollectedCard(card, tip)
            case TransactionFinished():
                return event
            case _:
                continue
    raise LocalError("the transaction ended without a TransactionFinished")


def _unread(
    record: PaymentRecord,
    error: DriverError | ReaderError | OfflineError,
    *,
    is_wanted: bool,
) -> ActionFinished:
    """The end of an action that failed before Stripe, or the store, had the card."""
    payment_id = record.payment.payment_id
    return canceled(payment_id) if is_wanted else reader_failed(payment_id, error)


async def _act(
    transaction: Transaction,
    record: PaymentRecord,
    collected: CollectedCard,
    till: _Till,
) -> ActionFinished | None:
    """Have Stripe act on the card, now, later or when ordered; else the end without.

    Raises OfflineError where the card is to be stored, and may not be.
    """
    loop = asyncio.get_running_loop()
    collected_at, storing = loop.time(), till.storing
    if storing is not None and storing.course is Course.OFFLINE:
        await storing.store(record, collected.card, _confirm_card(record, collected))
        settle = _settled()
    else:
        card = await _announced(
            transaction, record, collected, until_ordered=till.until_ordered
        )
        if isinstance(card, ActionFinished):
            return card
        instead: IfUnsent | None = None
        if storing is not None:
            instead = partial(storing.store_instead, record, collected.card, card)
        settle = settle_confirm(
            record, card=card, settlement=till.settlement, if_unsent=instead
        )
    await authorise(
        transaction,
        record=record,
        settle=settle,
        settlement=till.settlement,
        session=till.session,
        events=till.events,
        waited_s=loop.time() - collected_at,
    )
    return None


async def _settled() -> None:
    """What is stored is not asked about while the card waits."""


async def _announced(
    transaction: Transaction,
    record: PaymentRecord,
    collected: CollectedCard,
    *,
    until_ordered: UntilOrdered | None,
) -> ConfirmCard | ActionFinished:
    """What the journal must know before Stripe does; the card to confirm with.

    The end, instead, where the order to confirm does not come.
    """
    payment_id = record.payment.payment_id
    card = _confirm_card(record, collected)
    started = ConfirmStarted(payment_id, f"cardlane-{payment_id}")
    seen = CardCollected(payment_id, card.read_method, digest(card), tip=card.tip)
    if until_ordered is None:
        # settle_confirm waits for the disk; until then the rest is made ready.
        await record.announce(seen, started, held_card=to_bytes(card))
        return card
    order = await until_ordered(transaction, _shown(seen, collected.card))
    if isinstance(order, ActionFinished):
        return order
    await order.write(record, started, held_card=to_bytes(card))
    return card


def _shown(seen: CardCollected, card: EncryptedCard) -> CardCollected:
    """With what the register wants to look at."""
    shown = shown_card(card.masked_track_2)
    return replace(
        seen,
        brand=shown.brand,
        last4=shown.last4,
        exp_month=shown.exp_month,
        exp_year=shown.exp_year,
    )


def _confirm_card(record: PaymentRecord, collected: CollectedCard) -> ConfirmCard:
    card = collected.card
    return ConfirmCard(
        read_method=card.read_method,
        ciphertext=card.ciphertext,
        ksn=card.ksn,
        reader=record.payment.reader_id,
        tip=collected.tip,
        metadata=record.sent_along.get(METADATA, {}),
    )
