"""How an action that may still end is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agent.log import get_logger
from drivers.errors import DriverError, ReaderRefused, ReaderTimeout
from drivers.reader import Transaction

log = get_logger(__name__)


@dataclass(slots=True)
class Cancellation:
    """How cancel_action reaches a collection that waits for a card, or for its order."""

    requested: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    """Set with `requested`."""
    _transaction: Transaction | None = field(default=None, repr=False)
    _waiting: asyncio.Timeout | None = field(default=None, repr=False)
    _asking: asyncio.Timeout | None = field(default=None, repr=False)

    async def request(self) -> None:
        """Ask the reader to stop; whether it was in time shows in the payment's end."""
        self.requested = True
        self.asked.set()
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
