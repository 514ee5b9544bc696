"""The one thread that writes: many changes, one transaction, one fsync.

SQLite with synchronous=FULL pays for a commit with an fsync (about 0.4 ms on an SSD,
more on flash), so the changes that queue up meanwhile share the next one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, TypeVar

from agent.errors import InternalError, JournalUnavailable
from agent.journal.troubles import Place, copy_of, trouble_of

T = TypeVar("T")

Change = Callable[[sqlite3.Connection], T]
"""Statements to run inside the writer's transaction; never commits by itself."""

Settled = Callable[[T | None], None]
"""Called on the loop, in the order of the writes, once it is certain how one ended: with
what the change gave, or with None where nothing of it was written."""

LARGEST_GROUP = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    change: Change[Any]
    answer: asyncio.Future[Any]
    settled: Settled[Any] | None
    erases: bool = False


@dataclass(slots=True)
class _Done:
    """What a job's future will be told once the transaction has ended."""

    job: _Job
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection from its making to its closing."""

    def __init__(self, connection: sqlite3.Connection, *, place: Place) -> None:
        self.trouble: JournalUnavailable | None = None
        """Why the last write failed; None once one has succeeded."""
        self._connection = connection
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._closing = False
        self.measure: Callable[[int, float], None] = lambda changes, seconds: None
        """Hears of every commit: how many changes, and how long it took."""
        # A daemon: a crash elsewhere must not hang here; SQLite recovers its log.
        self._thread = Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def begin(
        self,
        change: Change[T],
        *,
        settled: Settled[T] | None = None,
        erases: bool = False,
    ) -> asyncio.Future[T]:
        """Run `change` in the next transaction; the future ends with its commit.

        What it `erases` is gone from the write-ahead log too, unless another process
        reads there just then. Raises JournalUnavailable once closing: then `settled` is never called.
        """
        if self._closing:
            raise JournalUnavailable("the journal is closed")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(change, answer, settled, erases))
        return answer

    async def aclose(self) -> None:
        """Carry out what is queued, close the connection, join the thread."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        await asyncio.shield(self._closed)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._next_group()
            if group:
                began_s = perf_counter()
                done = self._transact(group)
                took_s = perf_counter() - began_s
                if any(job.erases for job in group):
                    self._empty_log()
                self._call(self._settle, (done, took_s))
        self._connection.close()
        self._call(self._closed.set_result, None)

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Wait for a job and take along those behind it; False at the end."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == LARGEST_GROUP:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _transact(self, group: list[_Job]) -> list[_Done]:
        changes = self._connection.total_changes
        try:
            self._place.check()
            self._connection.execute("BEGIN IMMEDIATE")
            is_alone = len(group) == 1
            done = [self._carry_out(job, is_alone=is_alone) for job in group]
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except JournalUnavailable as trouble:
            return self._failed(group, [copy_of(trouble) for _ in group])
        except sqlite3.Error as error:
            # Where SQLite has rolled back already, or cannot, there is no more to do.
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            return self._failed(group, [trouble_of(error) for _ in group])
        self._judge(done, has_written=self._connection.total_changes != changes)
        return done

    def _failed(
        self, group: list[_Job], troubles: list[JournalUnavailable]
    ) -> list[_Done]:
        """Each caller gets an error of its own."""
        self.trouble = copy_of(troubles[0])
        failed = zip(group, troubles, strict=True)
        return [_Done(job, error=trouble) for job, trouble in failed]

    def _judge(self, done: list[_Done], *, has_written: bool) -> None:
        """A transaction that has changed nothing has not proved that one can write."""
        troubles = [d.error for d in done if isinstance(d.error, JournalUnavailable)]
        if troubles:
            self.trouble = copy_of(troubles[-1])
        elif has_written:
            self.trouble = None

    def _empty_log(self) -> None:
        # Older frames of the log hold what the pages held before.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _carry_out(self, job: _Job, *, is_alone: bool) -> _Done:
        """Run one change so that its failure is its own: among others in a savepoint.

        Raises sqlite3.Error where SQLite gave up the whole transaction, as it does
        when the disk is full.
        """
        if not is_alone:
            self._connection.execute("SAVEPOINT change")
        try:
            done = _Done(job, result=job.change(self._connection))
        except Exception as error:
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK" if is_alone else "ROLLBACK TO change")
            done = _Done(job, error=_translated(error))
        if not is_alone:
            self._connection.execute("RELEASE change")
        return done

    def _settle(self, transacted: tuple[list[_Done], float]) -> None:
        done, took_s = transacted
        self.measure(len(done), took_s)
        _resolve(done)

    def _call(self, function: Callable[[Any], None], argument: object) -> None:
        # The loop may be gone when the program is torn down: then nobody waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, argument)


def _resolve(done: list[_Done]) -> None:
    for each in done:
        if each.job.settled is not None:
            each.job.settled(each.result if each.error is None else None)
        if each.job.answer.done():
            continue  # its caller was cancelled
        if each.error is not None:
            each.job.answer.set_exception(each.error)
        else:
            each.job.answer.set_result(each.result)


def _translated(error: Exception) -> Exception:
    """A broken constraint is our defect; any other error of SQLite is the disk's."""
    if isinstance(error, sqlite3.IntegrityError):
        translated: Exception = InternalError(f"the journal refuses this: {error}")
    elif isinstance(error, sqlite3.Error):
        translated = trouble_of(error)
    else:
        return error
    translated.__cause__ = error
    return translated
