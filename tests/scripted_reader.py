"""A reader that tells what a test has prepared; drivers.reader.Reader without a wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from drivers.features import Features
from drivers.notices import NoticeQueue
from drivers.reader import (
    DisplayMessage,
    IssuerAnswer,
    ReaderInfo,
    Transaction,
    TransactionEvent,
    TransactionRequest,
)


@dataclass
class ScriptedTransaction:
    """Implements drivers.reader.Transaction; ends with its events."""

    events: Sequence[TransactionEvent] = ()
    refusal: Exception | None = None
    """What `cancel` raises, once `may_answer` is set."""
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked_to_stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aiter__(self) -> AsyncIterator[TransactionEvent]:
        for event in self.events:
            yield event

    async def complete_online(self, answer: IssuerAnswer) -> None:
        """The answer is not looked at."""

    async def cancel(self) -> None:
        self.asked_to_stop.set()
        await self.may_answer.wait()
        if self.refusal is not None:
            raise self.refusal


class ScriptedReader:
    """Implements drivers.reader.Reader; every transaction of it is the same one."""

    info = ReaderInfo("scripted", "magtek_dynaprox", "B50", None)
    features = Features()
    slot = None

    def __init__(self, transaction: ScriptedTransaction | None = None) -> None:
        self.unplugged = asyncio.Event()
        self.notices = NoticeQueue()
        self._transaction = transaction or ScriptedTransaction()

    @asynccontextmanager
    async def transaction(
        self, request: TransactionRequest
    ) -> AsyncIterator[Transaction]:
        yield self._transaction

    async def display(self, message: DisplayMessage, *, seconds: int) -> None:
        """It has no display."""

    async def cancel(self) -> None:
        """It is always idle."""

    async def reset(self) -> None:
        """It needs none."""

    async def wait_closed(self) -> None:
        await self.unplugged.wait()

    async def aclose(self) -> None:
        self.unplugged.set()
        self.notices.end()
