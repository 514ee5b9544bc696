"""Whatever happens in whatever order: each listener hears each kept event once.

Steps are drawn at random: events that are kept and that pass, callers that read, hang
up and come back, and kills, after which only what was on the disk is left.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent_clock import StillClock
from event_frames import one_by_one
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.events import CardEvent, EventBus, ReaderMoved
from agent.ids import PaymentId, ReaderId
from agent.journal.journal import Journal
from agent.outbox.stream import EventStream
from agent.rest.event_object import Shown
from agent.rest.event_stream import frames

READER = ReaderId("tmr_1")
CALLERS = 3

steps = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.integers(1, 5)),
        st.tuples(st.just("begin"), st.integers(1, 5)),
        st.tuples(st.just("pass"), st.just(1)),
        st.tuples(st.just("read"), st.integers(0, CALLERS - 1)),
        st.tuples(st.just("read_one"), st.integers(0, CALLERS - 1)),
        st.tuples(st.just("hang_up"), st.integers(0, CALLERS - 1)),
        st.tuples(st.just("kill"), st.just(1)),
    ),
    max_size=40,
)


@dataclass
class Caller:
    """Remembers the last id, and comes back with it."""

    last_id: int = 0
    heard: list[tuple[int, str]] = field(default_factory=list)
    passing: int = 0
    stream: AsyncGenerator[str, None] | None = None

    async def read(self, agent: Life, *, at_most: int = 1000) -> None:
        """Read until nothing comes, connecting first where that is needed."""
        if self.stream is None:
            self.stream = agent.listen(self.last_id)
        for _ in range(at_most):
            frame = await anext(self.stream, ": keep-alive")
            if frame.startswith(": keep-alive"):
                return
            self._take(frame)

    async def hang_up(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            await stream.aclose()

    def _take(self, frame: str) -> None:
        lines = frame.strip().splitlines()
        fields = dict(line.split(": ", 1) for line in lines if line[0] != ":")
        if "event" in fields and "id" in fields:
            event_id = json.loads(fields["data"])["event_id"]
            self.heard.append((int(fields["id"]), event_id))
        elif "event" in fields:
            self.passing += 1
        self.last_id = int(fields.get("id", self.last_id))


@dataclass
class Life:
    """An agent from its start to its kill."""

    journal: Journal
    bus: EventBus
    stream: EventStream

    def listen(self, after: int) -> AsyncGenerator[str, None]:
        pieces = frames(
            self.stream,
            self.journal.events,
            shown=Shown("2026-10-28.endive", livemode=False),
            after=after,
            keep_alive_s=0.002,
        )
        return one_by_one(pieces)


@asynccontextmanager
async def life(folder: Path) -> AsyncIterator[Life]:
    journal = await Journal.open(folder / "journal.db", clock=StillClock())
    bus = EventBus()
    stream = EventStream(journal.events, bus, clock=StillClock())
    try:
        yield Life(journal, bus, stream)
    finally:
        await journal.aclose()


@settings(max_examples=40)
@given(steps)
def test_each_caller_hears_each_kept_event_once_and_in_order(
    drawn: list[tuple[str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(drawn, Path(folder)))


async def _play(drawn: list[tuple[str, int]], folder: Path) -> None:
    callers = [Caller() for _ in range(CALLERS)]
    lives = 1 + sum(step == "kill" for step, _ in drawn)
    remaining = iter(drawn)
    for number in range(lives):
        home = folder / str(number)
        home.mkdir(exist_ok=True)
        async with life(home) as agent:
            for step, argument in remaining:
                if step == "kill":
                    break
                await _step(step, argument, agent=agent, callers=callers)
            # What outlives a kill is what is on the disk at that moment.
            shutil.copytree(
                home,
                folder / str(number + 1),
                ignore=shutil.ignore_patterns("*-shm"),
            )
            for caller in callers:
                await caller.hang_up()
    async with life(folder / str(lives)) as agent:
        for caller in callers:
            await caller.read(agent)
            await caller.hang_up()
        kept = agent.journal.events.read(after=0, limit=10_000)

    everything = [(event.seq, event.event_id) for event in kept]
    assert [caller.heard for caller in callers] == [everything] * CALLERS


async def _step(
    step: str, argument: int, *, agent: Life, callers: list[Caller]
) -> None:
    match step:
        case "keep":
            await agent.journal.events.keep(*_events(argument))
        case "begin":
            for event in _events(argument):
                agent.bus.publish(event)
        case "pass":
            agent.bus.publish(CardEvent(READER, PaymentId("pay_1"), "removed", None))
        case "read":
            await callers[argument].read(agent)
        case "read_one":
            await callers[argument].read(agent, at_most=1)
        case "hang_up":
            await callers[argument].hang_up()


def _events(number: int) -> list[ReaderMoved]:
    return [ReaderMoved(READER, f"serial:/dev/ttyUSB{port}") for port in range(number)]
