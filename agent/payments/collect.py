"""One payment, read top to bottom: card, confirm, card's verdict, end.

Entry, effect, entry: whatever cuts this function off, payments/recover.py can tell
from the journal what may have happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agent.errors import ReaderError
from agent.events import EventBus
from agent.journal.entries import ActionFinished, CardCollected, ConfirmStarted
from agent.log import get_logger
from agent.payments.asking import card_request
from agent.payments.failures import canceled, ended_without_card, reader_failed
from agent.payments.held_card import digest, to_bytes
from agent.payments.record import PaymentRecord
from agent.payments.second_half import authorise
from agent.payments.settle import finish
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.payments.telling import tell
from agent.readers.session import ReaderSession
from agent.stripe_api.cards import ConfirmCard
from drivers.errors import DriverError, LocalError, ReaderRefused, ReaderTimeout
from drivers.reader import (
    EncryptedCard,
    OnlineRequested,
    TipChoices,
    TipChosen,
    Transaction,
    TransactionFinished,
)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CollectedCard:
    """A card, and what was agreed with its holder before."""

    card: EncryptedCard
    tip: int | None
    """Minor units on top of the amount, signed by the card; None where nobody was asked."""


@dataclass(slots=True)
class Cancellation:
    """How cancel_action reaches a collection that waits for a card."""

    requested: bool = False
    _transaction: Transaction | None = field(default=None, repr=False)
    _waiting: asyncio.Timeout | None = field(default=None, repr=False)
    _asking: asyncio.Timeout | None = field(default=None, repr=False)

    async def request(self) -> None:
        """Ask the reader to stop; whether it was in time shows in the payment's end."""
        self.requested = True
        if self._asking is not None:
            self._asking.reschedule(0.0)
        if self._transaction is not None:
            await self._stop(self._transaction)

    @asynccontextmanager
    async def of(self, transaction: Transaction) -> AsyncIterator[None]:
        """Within the context this transaction is what a request stops.

        Raises ReaderTimeout where the reader was asked to stop and does not answer.
        """
        try:
            async with asyncio.timeout(None) as self._waiting:
                self._transaction = transaction
                if self.requested:
                    await self._stop(transaction)
                yield
        except TimeoutError:
            raise ReaderTimeout("the reader was asked to stop, and is silent") from None
        finally:
            self._transaction = None

    @asynccontextmanager
    async def of_questions(self) -> AsyncIterator[None]:
        """The context ends early once this is requested: no card is asked for in it."""
        try:
            async with asyncio.timeout(0.0 if self.requested else None) as self._asking:
                yield
        except TimeoutError:
            if not self.requested:
                raise
        finally:
            self._asking = None

    async def _stop(self, transaction: Transaction) -> None:
        try:
            await transaction.cancel()
        except ReaderRefused:
            # Too late for the reader: the collection decides when its card arrives.
            return
        except DriverError as error:
            log.warning("payment.reader_does_not_stop", code=error.code)
            if self._transaction is not None and self._waiting is not None:
                self._waiting.reschedule(0.0)


async def process_with_card(
    record: PaymentRecord,
    *,
    session: ReaderSession,
    settlement: Settlement,
    events: EventBus,
    cancellation: Cancellation,
    tip: TipChoices | None = None,
) -> None:
    """Collect a card, and have Stripe do with it what the action wants.

    Returns with the payment finished. Raises JournalError where the journal failed:
    then the payment is left for recovery.
    """
    payment_id = record.payment.payment_id
    uncharged: ActionFinished | None = None
    try:
        request = card_request(record.payment, settlement.settings, tip=tip)
        async with session.transaction(request) as transaction:
            async with cancellation.of(transaction):
                collected = await _collect_card(transaction, record, events)
            # From here to the journal nothing waits: a cancellation is seen, or too late.
            await record.durable()
            if isinstance(collected, TransactionFinished):
                uncharged = ended_without_card(payment_id, collected)
            elif cancellation.requested:
                uncharged = canceled(payment_id)
            else:
                await authorise(
                    transaction,
                    record=record,
                    card=await _announced(record, collected),
                    settlement=settlement,
                    session=session,
                    events=events,
                )
    except (DriverError, ReaderError) as error:
        if record.payment.phase is Phase.REQUESTED:
            uncharged = _unread(record, error, is_wanted=cancellation.requested)
    # Only now, with the reader idle: who hears of the end may ask for the next payment.
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
    record: PaymentRecord, error: DriverError | ReaderError, *, is_wanted: bool
) -> ActionFinished:
    """The end of an action whose reader failed before there was a card."""
    payment_id = record.payment.payment_id
    return canceled(payment_id) if is_wanted else reader_failed(payment_id, error)


async def _announced(record: PaymentRecord, collected: CollectedCard) -> ConfirmCard:
    """What the journal must know before Stripe does; the card to confirm with."""
    payment_id = record.payment.payment_id
    card = _confirm_card(record, collected)
    await record.add(
        CardCollected(payment_id, card.read_method, digest(card), tip=card.tip),
        ConfirmStarted(payment_id, f"cardlane-{payment_id}"),
        held_card=to_bytes(card),
    )
    return card


def _confirm_card(record: PaymentRecord, collected: CollectedCard) -> ConfirmCard:
    card = collected.card
    return ConfirmCard(
        read_method=card.read_method,
        ciphertext=card.ciphertext,
        ksn=card.ksn,
        reader=record.payment.reader_id,
        tip=collected.tip,
    )
