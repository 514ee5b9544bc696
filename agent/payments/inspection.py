"""A collected card while the register looks at it: until the order to charge it comes.

The card waits in memory and its chip in the reader, so whatever cuts this off charges
nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.errors import AgentError, IntentInvalidState, JournalUnavailable
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ConfirmOrdered, Entry
from agent.payments.payment import Payment
from agent.payments.record import PaymentRecord
from agent.payments.wanted import Sent

NOT_COLLECTED = (
    "Payment intent must be in the requires_confirmation state, with a payment method "
    "collected by this reader, to be confirmed by a reader."
)


@dataclass(frozen=True, slots=True)
class Order:
    """The register's word that the card is to be charged."""

    parameters: Sent
    """What was sent with it, flat."""
    answer: Callable[[Payment], StoredAnswer] | None
    """The register's idempotent answer, to be written with the first entry."""
    accepted: asyncio.Future[Payment] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """The payment once the order is on the disk; what `refuse` was told otherwise."""

    def refuse(self, error: AgentError) -> None:
        """The card is not charged; whoever gave the order hears why."""
        if not self.accepted.done():
            self.accepted.set_exception(error)

    async def write(
        self, record: PaymentRecord, *entries: Entry, held_card: bytes
    ) -> None:
        """Write the order and what follows from it; raises JournalUnavailable."""
        ordered = ConfirmOrdered(record.payment.payment_id, self.parameters)
        try:
            await record.add(ordered, *entries, held_card=held_card, answer=self.answer)
        except JournalUnavailable as error:
            self.refuse(error)
            raise
        # Whoever gave the order may have hung up since; it counts all the same.
        if not self.accepted.done():
            self.accepted.set_result(record.payment)


class Inspection:
    """Where the order meets the card."""

    def __init__(self) -> None:
        self.registers_turn = asyncio.Event()
        """The action has ended, or its card waits for the order."""
        self._order: asyncio.Future[Order] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a card waits for its order."""
        return self._order is not None and not self._order.done()

    def open(self) -> asyncio.Future[Order]:
        """From now on an order is taken; the future is the first one."""
        self._order = asyncio.get_running_loop().create_future()
        return self._order

    def show(self) -> None:
        """The card can be looked at; the next word is the register's."""
        if self.is_open:
            self.registers_turn.set()

    def refuse(self, error: BaseException) -> None:
        """Take no order any more; who has given one hears why the card is not charged."""
        self.registers_turn.clear()
        if self._order is None:
            return
        if self._order.cancel() or self._order.cancelled():
            return
        gone = IntentInvalidState(NOT_COLLECTED, param="payment_intent")
        self._order.result().refuse(error if isinstance(error, AgentError) else gone)

    async def charge(self, order: Order) -> Payment:
        """Give the order; the payment once that is on the disk.

        Raises IntentInvalidState where no card waits, or it is gone meanwhile, and
        JournalUnavailable.
        """
        if self._order is None or self._order.done():
            raise IntentInvalidState(NOT_COLLECTED, param="payment_intent")
        self.registers_turn.clear()
        self._order.set_result(order)
        return await order.accepted
