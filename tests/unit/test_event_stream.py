"""`/agent/events`: replay, then live, without gap or repetition."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from event_frames import one_by_one
from rest_fakes import Agent, running_agent

from agent.events import CardEvent, InputRequested, ReaderActionChanged, ReaderMoved
from agent.ids import PaymentId, ReaderId
from agent.rest.auth import KeyScope
from agent.rest.event_object import Shown
from agent.rest.event_stream import Filter, frames

READER, PAYMENT = ReaderId("tmr_1"), PaymentId("pay_1")
SHOWN = Shown("2026-10-28.endive", livemode=False)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


def moved(port: int, reader: ReaderId = READER) -> ReaderMoved:
    return ReaderMoved(reader, f"serial:/dev/ttyUSB{port}")


def listening(agent: Agent, **asked: Any) -> Any:
    """A caller's stream, to be closed by the test."""
    pieces = frames(agent.stream, agent.journal.events, shown=SHOWN, **asked)
    return aclosing(one_by_one(pieces))


def fields(frame: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in frame.strip().splitlines())


async def test_a_passing_event_is_a_named_frame_with_json(agent: Agent) -> None:
    async with listening(agent) as stream:
        await anext(stream)
        agent.events.publish(InputRequested(READER, PAYMENT, ("insert", "tap")))

        told = await anext(stream)

    assert told == (
        "event: input_requested\n"
        'data: {"reader_id": "tmr_1", "payment_id": "pay_1",'
        ' "options": ["insert", "tap"]}\n\n'
    )


async def test_a_kept_event_has_its_place_and_its_id(agent: Agent) -> None:
    async with listening(agent) as stream:
        await anext(stream)
        agent.events.publish(moved(1))

        told = fields(await anext(stream))

    (kept,) = agent.journal.events.read(after=0)
    assert (told["event"], told["id"]) == ("reader_moved", "1")
    assert json.loads(told["data"]) == {
        "reader_id": "tmr_1",
        "spec": "serial:/dev/ttyUSB1",
        "event_id": kept.event_id,
        "created": int(kept.at.timestamp()),
    }


async def test_an_event_that_stripe_has_is_stripes_event_object(agent: Agent) -> None:
    reader = {"id": "tmr_1", "object": "terminal.reader", "action": None}
    name = "terminal.reader.action_succeeded"
    await agent.journal.events.keep(ReaderActionChanged(name, READER, reader))

    async with listening(agent, after=0) as stream:
        told = fields(await anext(stream))

    content = json.loads(told["data"])
    assert (told["event"], content["type"]) == (name, name)
    assert (content["object"], content["livemode"]) == ("event", False)
    assert content["data"] == {"object": reader}


async def test_what_was_missed_comes_before_what_happens(agent: Agent) -> None:
    await agent.journal.events.keep(moved(1), moved(2), moved(3))

    async with listening(agent, after=1) as stream:
        missed = [fields(await anext(stream))["id"] for _ in range(2)]
        first = await anext(stream)
        agent.events.publish(moved(4))
        live = fields(await anext(stream))["id"]

    assert (missed, live) == (["2", "3"], "4")
    assert first == ": listening\nid: 3\n\n"


async def test_an_event_written_during_the_replay_is_told_once(agent: Agent) -> None:
    await agent.journal.events.keep(moved(1))

    async with listening(agent, after=0) as stream:
        told = [await anext(stream)]
        agent.events.publish(moved(2))  # On its way to the disk while this is read.
        told += [await anext(stream) for _ in range(2)]
        agent.events.publish(moved(3))
        told.append(await anext(stream))

    kept = [fields(frame)["id"] for frame in told if frame.startswith("event")]
    assert kept == ["1", "2", "3"]


async def test_without_a_place_a_listener_begins_now(agent: Agent) -> None:
    await agent.journal.events.keep(moved(1))

    async with listening(agent) as stream:
        first = await anext(stream)

    assert first == ": listening\nid: 1\n\n"


async def test_a_silent_stream_is_kept_alive_and_moves_on(agent: Agent) -> None:
    wanted = Filter(("phase_changed",))
    async with listening(agent, keep_alive_s=0.001, wanted=wanted) as stream:
        await anext(stream)
        await agent.journal.events.keep(moved(1))

        told = [await anext(stream) for _ in range(2)]

    assert told[-1] == ": keep-alive\nid: 1\n\n"


@pytest.mark.parametrize(
    ("after", "start", "message"),
    [
        (7, "3", "There is no event 7 yet; the newest is 3."),
        (0, "1", "The events after 0 are gone; the oldest is 2."),
    ],
)
async def test_a_place_that_is_not_there_is_told_and_the_stream_goes_on(
    after: int, start: str, message: str, agent: Agent
) -> None:
    await agent.journal.events.keep(moved(1), moved(2), moved(3))
    await agent.journal.events.forget(through=1)

    async with listening(agent, after=after) as stream:
        reset = fields(await anext(stream))

    content = json.loads(reset["data"])
    assert (reset["event"], reset["id"]) == ("reset", start)
    assert (content["code"], content["message"]) == ("events_gone", message)
    assert (content["oldest"], content["newest"]) == (2, 3)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(("reader_*",)), ["1", "2"]),
        (Filter(("card_event", "reader_moved"), "tmr_2"), ["2"]),
        (Filter(("card_event",)), []),
    ],
)
async def test_a_listener_hears_what_it_asked_for(
    wanted: Filter, ids: list[str], agent: Agent
) -> None:
    await agent.journal.events.keep(moved(1), moved(2, ReaderId("tmr_2")))

    async with listening(agent, after=0, wanted=wanted) as stream:
        told = [await anext(stream) for _ in range(len(ids) + 1)]

    assert [fields(frame)["id"] for frame in told[:-1]] == ids
    assert told[-1] == ": listening\nid: 2\n\n"


async def test_a_listener_that_does_not_keep_up_is_cut_off_and_misses_nothing(
    agent: Agent,
) -> None:
    async with listening(agent) as stream:
        await anext(stream)
        for port in range(300):
            agent.events.publish(moved(port))
        await agent.journal.events.keep(moved(300))

        rest = [frame async for frame in stream]

    async with listening(agent, after=0) as stream:
        resumed = [fields(await anext(stream))["id"] for _ in range(301)]
    assert rest == []
    assert resumed == [str(seq) for seq in range(1, 302)]


async def test_other_listeners_do_not_suffer_from_a_slow_one(agent: Agent) -> None:
    with agent.stream.listen(queue_size=1), agent.stream.listen() as quick:
        for _ in range(3):
            agent.events.publish(CardEvent(READER, PAYMENT, "removed", None))

        heard = await quick.next()

    assert len(heard) == 3


async def test_what_happened_at_once_is_written_at_once(agent: Agent) -> None:
    pieces = frames(agent.stream, agent.journal.events, shown=SHOWN, after=0)
    async with aclosing(pieces):
        await anext(pieces)
        await agent.journal.events.keep(*(moved(port) for port in range(3)))
        agent.events.publish(CardEvent(READER, PAYMENT, "removed", None))

        piece = await anext(pieces)

    told = piece.removesuffix("\n\n").split("\n\n")
    assert [fields(frame).get("id") for frame in told] == ["1", "2", "3", None]


async def test_the_route_takes_a_browsers_header_before_the_address(
    agent: Agent,
) -> None:
    caller = await agent.client_with(KeyScope.EVENTS)
    wrong = await caller.get("/agent/events", {"last-event-id": "yesterday"})

    assert wrong.status == 400
    assert wrong.json()["code"] == "parameter_invalid"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("types=" + ",".join("a" * 21), "types"),
        ("after=-1", "after"),
        ("after=yesterday", "after"),
        ("before=1", "before"),
    ],
)
async def test_what_cannot_be_listened_to_is_refused(
    query: str, param: str, agent: Agent
) -> None:
    answer = await agent.client.get(f"/agent/events?{query}")

    assert answer.status == 400
    assert answer.json()["param"] == param


async def test_a_stopping_agent_keeps_nothing_more(agent: Agent) -> None:
    await agent.journal.aclose()

    agent.events.publish(moved(1))

    with agent.stream.listen() as listener:
        agent.events.publish(CardEvent(READER, PAYMENT, "removed", None))
        heard = await listener.next()
    assert [type(one) for one in heard] == [CardEvent]
