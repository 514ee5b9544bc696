"""After a payment: whether its card is still in the reader, until it is out.

The payment has ended by then, and waits for none of this.
"""

from __future__ import annotations

import asyncio

from agent.events import EventBus
from agent.ids import ReaderId
from agent.log import get_logger
from agent.payments.card_slot import REPEAT_S, until_out
from agent.payments.record import PaymentRecord
from agent.readers.session import ReaderSession

log = get_logger(__name__)


class SlotWatch:
    """At most one watch a reader."""

    def __init__(self, *, events: EventBus, tasks: asyncio.TaskGroup) -> None:
        self._events = events
        self._tasks = tasks
        self._watching: dict[ReaderId, asyncio.Task[None]] = {}

    def begin(self, record: PaymentRecord, session: ReaderSession) -> None:
        """The action has ended; its card may not have been taken out."""
        if record.is_card_inside:
            reader_id = record.payment.reader_id
            self._watching[reader_id] = self._tasks.create_task(
                self._watch(record, session), name=f"slot of {reader_id}"
            )

    async def stop(self, reader_id: ReaderId) -> None:
        """Another action begins, which asks for the card itself."""
        watching = self._watching.pop(reader_id, None)
        if watching is not None and not watching.done():
            watching.cancel()
            await asyncio.wait((watching,))

    async def _watch(self, record: PaymentRecord, session: ReaderSession) -> None:
        payment = record.payment
        try:
            # `remove_card` was told as the action ended.
            await until_out(
                payment, session, events=self._events, reminded_in_s=REPEAT_S
            )
        except Exception:
            # Outermost: a card in a slot must not end the program.
            log.exception("slot.not_watched", payment_id=payment.payment_id)
