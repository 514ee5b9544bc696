"""A journal on a disk that can fill up or fall asleep, at an entry of one's choice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mortality import Fate
from skipping_loop import SkippingLoop

from agent.clock import Clock
from agent.journal.answers import StoredAnswer
from agent.journal.codec import kind_of
from agent.journal.db import Database
from agent.journal.details import Details
from agent.journal.entries import Entry
from agent.journal.journal import Journal, Recorded
from agent.journal.migrations import migrations
from agent.journal.offline import SealPayment
from agent.journal.writer import Change, Settled

T = TypeVar("T")


class FlowDatabase(Database):
    """SQLite as it is, and as it is on a full disk."""

    is_full = False
    fate: Fate | None = None
    """Whose points its writes are."""
    writes = 0
    """How many changes were begun."""

    async def write(self, change: Change[T], *, settled: Settled[T] | None = None) -> T:
        write = super().write
        if self.fate is None:
            return await write(change, settled=settled)
        return await self.fate.write(
            _name_of(change), lambda: write(change, settled=settled)
        )

    def begin(
        self, change: Change[T], *, settled: Settled[T] | None = None
    ) -> asyncio.Future[T]:
        def on_full_disk(_: sqlite3.Connection) -> T:
            raise sqlite3.OperationalError("database or disk is full")

        self.writes += 1
        begun = super().begin(on_full_disk if self.is_full else change, settled=settled)
        loop = asyncio.get_running_loop()
        if isinstance(loop, SkippingLoop):
            loop.until_done(begun)
        return begun

    async def aclose(self) -> None:
        with _thread_at_work():
            await super().aclose()


class FlowJournal(Journal):
    """The real journal on such a disk."""

    disk: FlowDatabase
    fills_up_at: str | None = None
    """The kind of entry at which the disk is full, from then on."""
    sleeps_at: str | None = None
    """The kind of entry that takes until `wake` is set."""
    wake: asyncio.Event
    asleep: asyncio.Event
    fell_full: asyncio.Event

    def begin(
        self,
        *entries: Entry,
        answer: StoredAnswer | None = None,
        held_card: bytes | None = None,
        seal: SealPayment | None = None,
        details: Details | None = None,
        folded: Sequence[Any] = (),
    ) -> asyncio.Future[Recorded]:
        kinds = [kind_of(entry) for entry in entries]
        if self.fills_up_at in kinds:
            self.disk.is_full = True
            self.fell_full.set()
        write = partial(
            super().begin,
            *entries,
            answer=answer,
            held_card=held_card,
            seal=seal,
            details=details,
            folded=folded,
        )
        if self.sleeps_at not in kinds and self.disk.fate is None:
            return write()
        return asyncio.ensure_future(self._written(kinds, write))

    async def _written(
        self, kinds: list[str], write: Callable[[], asyncio.Future[Recorded]]
    ) -> Recorded:
        """Once awake, and unless it dies of it."""
        if self.sleeps_at in kinds:
            self.asleep.set()
            await self.wake.wait()
        if self.disk.fate is None:
            return await write()
        return await self.disk.fate.write("+".join(kinds), write)

    def free_disk(self) -> None:
        """From now on everything can be written again."""
        self.fills_up_at, self.disk.is_full = None, False

    def kinds(self) -> list[str]:
        """The kinds of all entries, oldest first."""
        return [kind_of(one.entry) for one in self.read(limit=100_000)]


def open_flow_journal(
    path: Path, *, clock: Clock, fate: Fate | None = None
) -> FlowJournal:
    """Open or make the file."""
    database = FlowDatabase.open(path, steps=migrations())
    assert isinstance(database, FlowDatabase)
    journal = FlowJournal(database, clock=clock)
    journal.disk, database.fate = database, fate
    journal.wake, journal.asleep = asyncio.Event(), asyncio.Event()
    journal.fell_full = asyncio.Event()
    return journal


def _thread_at_work() -> AbstractContextManager[None]:
    """Within the context a loop that skips waits for the writer's thread."""
    loop = asyncio.get_running_loop()
    return loop.thread_at_work() if isinstance(loop, SkippingLoop) else nullcontext()


def _name_of(change: Change[T]) -> str:
    """Who writes what is no entry, such as `LocalKeyStore.put`."""
    name = getattr(change, "__qualname__", type(change).__name__)
    return str(name).partition(".<locals>")[0]
