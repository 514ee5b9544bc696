"""Operations of the simulated API can have consequences once they are over."""

from __future__ import annotations

import pytest
from stripe_api_server import KEY, seeded_random

from simulator.clock import ManualClock
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.events import Event
from simulator.stripe_api.engine.execution import Executor
from simulator.stripe_api.engine.ids import Ids
from simulator.stripe_api.engine.keys import KeyRing
from simulator.stripe_api.engine.operations import Call, Operation, Resource, Work
from simulator.stripe_api.engine.parameters import Fields
from simulator.stripe_api.engine.requests import RequestEntry
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.engine.versions import LATEST
from simulator.stripe_api.engine.wire import HttpRequest

THING = Kind[Object](name="thing", prefix="th", noun="thing")
ABOUT = {"id": "th_1", "object": "thing"}


class Bench:
    """An executor with one operation, and what it tells."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.events: list[Event] = []
        operation = Operation("POST", "/v1/things", Fields({}), THING, self.run)
        self.executor = Executor(
            [Resource((THING,), (operation,))],
            clock=self.clock,
            ids=Ids(seeded_random()),
            keys=KeyRing(),
            version=LATEST,
        )
        self.executor.listeners.append(self.events.append)

    def run(self, call: Call) -> Object:
        call.agenda.afterwards.append(emitting("thing.afterwards"))
        call.agenda.later.append((30, emitting("thing.later")))
        call.agenda.later.append((5, failing))
        call.emit("thing.now", ABOUT)
        return ABOUT

    async def request(self) -> int:
        headers = {b"authorization": b"Bearer " + KEY.encode()}
        entry = RequestEntry("req_1", "POST", "/v1/things", created_ms=0)

        async def at_once() -> None:
            return

        answer = await self.executor.execute(
            HttpRequest("POST", "/v1/things", b"", headers, b""),
            entry=entry,
            before_effect=at_once,
        )
        return answer.status

    def told(self) -> list[tuple[str, str | None]]:
        """Each event's type and the request it names."""
        return [(event["type"], event["request"]["id"]) for event in self.events]


def emitting(type_: str) -> Work:
    return lambda call: call.emit(type_, ABOUT)


def failing(call: Call) -> None:
    call.emit("thing.failing", ABOUT)
    raise InvalidRequest("no")


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_consequences_follow_the_answer_and_name_no_request(
    bench: Bench,
) -> None:
    status = await bench.request()

    assert status == 200
    assert bench.told() == [("thing.now", "req_1"), ("thing.afterwards", None)]


async def test_later_consequences_come_when_their_time_has(bench: Bench) -> None:
    await bench.request()
    bench.clock.advance(29)
    before = bench.told()

    bench.clock.advance(1)

    assert ("thing.later", None) not in before
    assert bench.told()[-1] == ("thing.later", None)


async def test_failing_consequence_keeps_none_from_coming(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.request()

    bench.clock.advance(60)

    assert [type_ for type_, _ in bench.told()][-2:] == ["thing.failing", "thing.later"]
    assert caplog.messages == ["work failed"]


async def test_consequences_die_with_the_objects_they_are_about(bench: Bench) -> None:
    await bench.request()
    bench.executor.forget()
    told = bench.told()

    bench.clock.advance(60)

    assert bench.told() == told


def test_whoever_acts_hears_of_a_refusal(bench: Bench) -> None:
    with pytest.raises(InvalidRequest):
        bench.executor.act(failing)

    assert bench.told() == [("thing.failing", None)]
