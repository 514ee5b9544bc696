"""An event loop that skips the waits of its own timers, and only those.

For whole programs in one process: sockets and threads get the real time they need,
timeouts and back-offs cost none. No timer fires because the machine was busy.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar, TypeVarTuple, Unpack

from simulator.clock import Timer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

QUIET_S = 0.003
"""How long, in real time, sockets must be silent before a timer's time has come."""
MOST_WAITS = 100
STUCK_S = 5.0
LONGEST_TEST_S = 24 * 3600.0
"""Where a test does not say that it needs more."""

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class _SkippingSelector(selectors.SelectSelector):
    elapsed_s = 0.0
    quiet_s = QUIET_S
    threads_at_work = 0
    longest_s = LONGEST_TEST_S

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        # A thread that is done writes to the loop's own socket.
        is_awaited = timeout is None or self.threads_at_work > 0
        ready = super().select(STUCK_S) if is_awaited else self._silence()
        if not ready and (is_awaited or self.elapsed_s > self.longest_s):
            raise RuntimeError("nothing will ever happen: the test is stuck")
        self.elapsed_s += 0 if ready else timeout or 0
        return ready

    def _silence(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Nothing, once sockets were silent for long enough; else what came.

        A wait that took longer than it should proves only that the machine is busy:
        whoever is to answer may not have had its turn either.
        """
        for _ in range(MOST_WAITS):
            started = time.perf_counter()
            ready = super().select(self.quiet_s)
            if ready or time.perf_counter() - started < 1.5 * self.quiet_s:
                return ready
        return []


class SkippingLoop(asyncio.SelectorEventLoop):
    """`time()` moves only while nothing else is left to do."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.elapsed_s

    def wait_for_silence(self, seconds: float) -> None:
        """Skip nothing before sockets were silent so long, where others answer them."""
        self._skipping.quiet_s = seconds

    def may_take(self, seconds: float) -> None:
        """Call the test stuck only after so long."""
        self._skipping.longest_s = seconds

    @contextmanager
    def thread_at_work(self) -> Iterator[None]:
        """Within the context no timer fires: a thread has something to tell soon."""
        self._skipping.threads_at_work += 1
        try:
            yield
        finally:
            self._skipping.threads_at_work -= 1

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        answer = super().run_in_executor(executor, func, *args)
        self.until_done(answer)
        return answer

    def until_done(self, answer: asyncio.Future[T]) -> None:
        """As `thread_at_work`, until the thread's answer is there."""
        self._skipping.threads_at_work += 1
        answer.add_done_callback(self._thread_done)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        # A thread of its own waits for the others.
        with self.thread_at_work():
            await super().shutdown_default_executor()

    def _thread_done(self, _: object) -> None:
        self._skipping.threads_at_work -= 1


class LoopClock:
    """The running loop's time as the agent's clock and as the simulator's."""

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay_s, callback)


class SetClock(LoopClock):
    """A clock that somebody sets, or that has lost the time with the power."""

    ahead_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead_s)
