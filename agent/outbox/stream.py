"""The one stream of this machine's events: what is kept and what passes, in one order.

Owns who listens. A listener that does not keep up is cut off: it comes back with the
sequence number it knows, and reads from the log what it has missed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from agent.clock import Clock, doubling
from agent.errors import JournalUnavailable
from agent.events import PASSING, WITH_ENTRIES, Event, EventBus
from agent.journal.event_log import EventLog, RecordedEvent, Told
from agent.log import get_logger

log = get_logger(__name__)

QUEUE_SIZE = 256
"""How far a listener may be behind."""
UNWRITTEN_MOST = 1000
"""How many events wait for a disk that cannot be written; the oldest are lost."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


class TooSlow(Exception):
    """This listener did not keep up, and hears nothing more."""


class Listener:
    """What one listener has not heard yet."""

    def __init__(self, *, queue_size: int) -> None:
        self._queue_size = queue_size
        self._waiting: deque[Told] = deque()
        self._is_cut_off = False
        self._news = asyncio.Event()

    async def next(self) -> list[Told]:
        """What happens next, as one where several wait; raises TooSlow once cut off."""
        while not self._waiting and not self._is_cut_off:
            self._news.clear()
            await self._news.wait()
        if self._is_cut_off:
            raise TooSlow
        told = list(self._waiting)
        self._waiting.clear()
        return told

    def cut_off(self) -> None:
        """Have it hear nothing more."""
        self._is_cut_off = True
        self._news.set()

    def tell(self, event: Told) -> None:
        """Have it heard, unless too much waits already."""
        if len(self._waiting) == self._queue_size:
            self._is_cut_off = True
            return
        self._waiting.append(event)
        self._news.set()


class EventStream:
    """Keeps what the bus tells and must not be missed; tells all of it to listeners."""

    def __init__(self, events: EventLog, bus: EventBus, *, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._listeners: set[Listener] = set()
        self._unwritten: deque[Event] = deque(maxlen=UNWRITTEN_MOST)
        self._is_unwritten = asyncio.Event()
        self._newest = events.head()
        self._kept = asyncio.Event()
        events.tell = self._tell
        bus.watch(self._published)

    async def run(self) -> None:
        """Write what could not be written at once, until cancelled."""
        while True:
            await self._is_unwritten.wait()
            self._is_unwritten.clear()
            waits = doubling(FIRST_WAIT_S, max_s=LONGEST_WAIT_S)
            while self._unwritten:
                await self._clock.sleep(next(waits))
                await self._try_again()

    @contextmanager
    def listen(self, *, queue_size: int = QUEUE_SIZE) -> Iterator[Listener]:
        """Hear every event told while the context is open."""
        listener = Listener(queue_size=queue_size)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Nothing more will be told: whoever listens is cut off."""
        for listener in self._listeners:
            listener.cut_off()

    async def beyond(self, seq: int) -> None:
        """Return once there is a kept event after that sequence number."""
        while self._newest <= seq:
            await self._kept.wait()

    def _published(self, event: Event) -> None:
        if isinstance(event, PASSING):
            self._events.pass_on(event)
        elif not isinstance(event, WITH_ENTRIES):
            self._keep(event)

    def _keep(self, event: Event) -> None:
        try:
            writing = self._events.keep(event)
        except JournalUnavailable:
            return  # The agent is stopping.

        def ended(_: object) -> None:
            if not writing.cancelled() and writing.exception() is not None:
                self._unwritten.append(event)
                self._is_unwritten.set()

        writing.add_done_callback(ended)

    async def _try_again(self) -> None:
        events = list(self._unwritten)
        self._unwritten.clear()
        try:
            await self._events.keep(*events)
        except JournalUnavailable:
            log.warning("outbox.unwritten", events=len(events))
            self._unwritten = deque([*events, *self._unwritten], UNWRITTEN_MOST)

    def _tell(self, event: Told) -> None:
        if isinstance(event, RecordedEvent):
            self._newest = event.seq
            self._kept.set()
            self._kept = asyncio.Event()
        for listener in self._listeners:
            listener.tell(event)
