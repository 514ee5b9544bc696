"""One payment, read top to bottom: card, confirm, card's verdict, end.

Entry, effect, entry: whatever cuts this function off, payments/recover.py can tell
from the journal what may have happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import assert_never

from agent.errors import ReaderError
from agent.events import (
    CardEvent,
    CustomerBusy,
    DisplayRequested,
    EventBus,
    InputRequested,
)
from agent.journal.entries import ActionFinished, CardCollected, ConfirmStarted
from agent.log import get_logger
from agent.payments.asking import card_request
from agent.payments.failures import canceled, ended_without_card, reader_failed
from agent.payments.held_card import digest, to_bytes
from agent.payments.issuer_answer import issuer_answer
from agent.payments.record import PaymentRecord
from agent.payments.settle import finish, settle_confirm
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.readers.session import ReaderSession
from agent.stripe_api.cards import ConfirmCard
from drivers.errors import DriverError, LocalError, ReaderRefused, ReaderTimeout
from drivers.reader import (
    CardPresented,
    CardRemoved,
    CardRequested,
    CustomerActing,
    EncryptedCard,
    MessageShown,
    OnlineRequested,
    SignatureCaptured,
    TipChoices,
    TipChosen,
    Transaction,
    TransactionEvent,
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

    async def request(self) -> None:
        """Ask the reader to stop; whether it was in time shows in the payment's end."""
        self.requested = True
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
                collected = await _collect_card(
                    transaction, record=record, events=events
                )
            # From here to the journal nothing waits: a cancellation is seen, or too late.
            await record.durable()
            if isinstance(collected, TransactionFinished):
                uncharged = ended_without_card(payment_id, collected)
            elif cancellation.requested:
                uncharged = canceled(payment_id)
            else:
                await _confirm(record, collected, settlement=settlement)
                await _complete_card(transaction, record=record, events=events)
    except (DriverError, ReaderError) as error:
        if record.payment.phase is Phase.REQUESTED:
            is_wanted = cancellation.requested
            uncharged = (
                canceled(payment_id) if is_wanted else reader_failed(payment_id, error)
            )
    # Only now, with the reader idle: who hears of the end may ask for the next payment.
    if uncharged is not None:
        await record.end(uncharged)
    else:
        await finish(record, settlement=settlement)


async def _collect_card(
    transaction: Transaction, *, record: PaymentRecord, events: EventBus
) -> CollectedCard | TransactionFinished:
    """Tell the register what the reader asks for, until there is a card or an end."""
    tip: int | None = None
    async for event in transaction:
        _tell(event, record=record, events=events)
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


async def _confirm(
    record: PaymentRecord, collected: CollectedCard, *, settlement: Settlement
) -> None:
    """Announce the confirm in the journal, send it, and learn what became of it."""
    payment_id = record.payment.payment_id
    card = _confirm_card(record, collected)
    await record.add(
        CardCollected(payment_id, card.read_method, digest(card), tip=card.tip),
        ConfirmStarted(payment_id, f"cardlane-{payment_id}"),
        held_card=to_bytes(card),
    )
    await settle_confirm(record, card=card, settlement=settlement)


async def _complete_card(
    transaction: Transaction, *, record: PaymentRecord, events: EventBus
) -> None:
    """Hand the issuer's answer to the reader and hear how the card ended."""
    try:
        await transaction.complete_online(issuer_answer(record.payment))
    except (ReaderRefused, LocalError) as error:
        # Quick Chip, or the reader did not wait; its reason is among the events.
        log.info("payment.reader_did_not_wait", reason=str(error))
    async for event in transaction:
        _tell(event, record=record, events=events)
        if isinstance(event, TransactionFinished):
            record.card_ended = event


def _confirm_card(record: PaymentRecord, collected: CollectedCard) -> ConfirmCard:
    card = collected.card
    return ConfirmCard(
        read_method=card.read_method,
        ciphertext=card.ciphertext,
        ksn=card.ksn,
        reader=record.payment.reader_id,
        tip=collected.tip,
    )


def _tell(event: TransactionEvent, *, record: PaymentRecord, events: EventBus) -> None:
    """Publish what the cashier may want to see."""
    reader_id, payment_id = record.payment.reader_id, record.payment.payment_id
    match event:
        case CardRequested(options=options):
            events.publish(
                InputRequested(reader_id, payment_id, options=tuple(sorted(options)))
            )
        case CardPresented(option=option):
            events.publish(
                CardEvent(reader_id, payment_id, event="presented", option=option)
            )
        case CardRemoved():
            events.publish(
                CardEvent(reader_id, payment_id, event="removed", option=None)
            )
        case MessageShown(message=message):
            events.publish(DisplayRequested(reader_id, payment_id, message=message))
        case CustomerActing(step=step):
            events.publish(CustomerBusy(reader_id, payment_id, step=step))
        case SignatureCaptured():
            # Not asked for yet, so a reader that tells of it changes nothing.
            pass
        case TipChosen() | OnlineRequested() | TransactionFinished():
            pass
        case _:
            assert_never(event)
