"""What guards each route guards it on each way in: TCP, the UNIX socket, and TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from asgi_client import Answer
from captured_log import captured_log
from card_data_scanner import find_card_data, find_keys
from hypothesis import given
from hypothesis import strategies as st
from local_routes import code_of, keyed_routes, local_routes, posted_paths
from rest_fakes import new_key
from route_fuzzing import (
    CARD_NUMBER,
    PATH_TRICKS,
    Sent,
    declared_paths,
    filled,
    requests,
)
from tls_shop import Files
from ways_in import WAYS_IN, WayIn, all_ways_in

from agent.journal.entries import Outcome
from agent.rest.auth import KeyScope, hash_of
from agent.rest.serving import StopSignals

pytest_plugins = ("tls_fixtures",)

NOBODYS_KEY = "rk_test_" + "x" * 40


@pytest.fixture(params=WAYS_IN)
async def way(
    request: pytest.FixtureRequest, tmp_path: Path, files: Files, signals: StopSignals
) -> AsyncIterator[WayIn]:
    async with all_ways_in(tmp_path, files, signals) as ways:
        yield ways[request.param]


@pytest.fixture(params=WAYS_IN)
async def hasty(
    request: pytest.FixtureRequest, tmp_path: Path, files: Files, signals: StopSignals
) -> AsyncIterator[WayIn]:
    """Waits for nobody."""
    async with all_ways_in(tmp_path, files, signals, request_timeout_s=0.05) as ways:
        yield ways[request.param]


def check_untouched(way: WayIn) -> None:
    """Nobody has done anything."""
    agent = way.agent
    assert agent.stripe.asked == []
    assert agent.fleet.commands == []
    assert agent.actions.requests == []
    assert agent.updates.requests == []
    assert [one.record.reader_id for one in agent.fleet.sessions()] == ["tmr_1"]


async def test_the_right_key_gets_in(way: WayIn) -> None:
    answer = await way.ask("GET", "/v1/terminal/readers", key=way.agent.key)

    assert answer.status == 200
    assert [one["id"] for one in answer.json()["data"]] == ["tmr_1"]


@pytest.mark.parametrize(
    ("key", "code"),
    [(None, "local_key_missing"), (NOBODYS_KEY, "local_key_invalid")],
)
async def test_no_route_answers_a_stranger(
    way: WayIn, key: str | None, code: str
) -> None:
    for route in keyed_routes():
        answer = await way.ask(route.method, filled(route.path), key=key)
        assert (answer.status, code_of(answer)) == (401, code), route
    check_untouched(way)


async def test_no_route_answers_a_revoked_key(way: WayIn) -> None:
    key = await new_key(way.agent.journal, *list(KeyScope)[1:])
    record = way.agent.journal.keys.find(hash_of(key))
    assert record is not None
    await way.agent.journal.keys.revoke(record.key_id, way.agent.clock.now())

    for route in keyed_routes():
        answer = await way.ask(route.method, filled(route.path), key=key)
        assert (answer.status, code_of(answer)) == (401, "local_key_invalid"), route
    check_untouched(way)


async def test_all_other_scopes_together_open_no_route(way: WayIn) -> None:
    for route in keyed_routes():
        if not route.others:
            continue
        key = await new_key(way.agent.journal, *route.others)
        answer = await way.ask(route.method, filled(route.path), key=key)
        assert (answer.status, code_of(answer)) == (403, "local_key_scope"), route
    check_untouched(way)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("origin", "https://evil.example", "origin_not_allowed"),
        ("origin", "null", "origin_not_allowed"),
        ("host", "evil.example:7345", "host_not_allowed"),
    ],
)
async def test_no_route_answers_a_foreign_page(
    way: WayIn, name: str, value: str, code: str
) -> None:
    for route in local_routes():
        answer = await way.ask(
            route.method, filled(route.path), {name: value}, key=way.agent.key
        )
        assert (answer.status, code_of(answer)) == (403, code), route
        assert "access-control-allow-origin" not in answer.headers
    check_untouched(way)


@pytest.mark.parametrize(
    "chunks", [[b"a=" + b"x" * 2000], [b"a=" + b"x" * 400] * 4], ids=["told", "chunked"]
)
async def test_no_route_reads_more_than_the_limit(
    way: WayIn, chunks: list[bytes]
) -> None:
    for path in posted_paths():
        answer = await way.ask("POST", path, key=way.agent.key, chunks=chunks)
        assert (answer.status, code_of(answer)) == (413, "body_too_large"), path
    check_untouched(way)


async def test_no_route_waits_for_a_body_that_does_not_come(hasty: WayIn) -> None:
    for path in posted_paths():
        answer = await hasty.ask(
            "POST", path, key=hasty.agent.key, chunks=[b"a=1", b"&"], is_whole=False
        )
        assert (answer.status, code_of(answer)) == (408, "request_timeout"), path
    check_untouched(hasty)


async def test_a_head_that_does_not_end_is_hung_up_on(hasty: WayIn) -> None:
    reader, writer = await hasty.connect()
    writer.write(b"GET /v1/terminal/readers HTTP/1.1\r\nHost: ")

    received = await reader.read()

    writer.close()
    assert b"HTTP/1.1 2" not in received


async def test_a_head_of_any_size_is_not_kept(way: WayIn) -> None:
    answer = await way.ask("GET", "/agent/health/live", {"x": "a" * 70_000})

    assert answer.status == 431


async def test_no_path_leads_past_a_guard(way: WayIn) -> None:
    for path in declared_paths()[::3]:
        for trick in PATH_TRICKS:
            answer = await way.ask("GET", filled(path, trick), key=NOBODYS_KEY)
            is_open = path.startswith("/agent/health/")
            assert answer.status in (
                {200, 400, 404} if is_open else {400, 401, 404, 405}
            )
    check_untouched(way)


class Attacked:
    """An agent on which every payment ends at once, reached on one way in."""

    def __init__(self, way: str, folder: Path) -> None:
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self._way = self._runner.run(self._start(way, folder))

    async def _start(self, way: str, folder: Path) -> WayIn:
        signals = StopSignals()
        self._stack.enter_context(signals.caught())
        serving = all_ways_in(
            folder,
            Files.of(folder / "tls"),
            signals,
            request_timeout_s=0.1,
            max_body_bytes=1_048_576,
        )
        ways = await self._stack.enter_async_context(serving)
        agent = ways[way].agent
        agent.actions.on_begin = lambda payment: agent.actions.end(
            payment.reader_id, Outcome.SUCCEEDED
        )
        return ways[way]

    def send(self, sent: Sent) -> Answer:
        return self._runner.run(self._sent(sent))

    async def _sent(self, sent: Sent) -> Answer:
        self._way.agent.fleet.forget_all()
        self._way.agent.fleet.add("tmr_1")
        async with asyncio.timeout(30):
            return await self._way.ask(
                sent.method,
                sent.target,
                sent.headers,
                key=self._way.agent.key,
                chunks=(sent.body,),
            )

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module", params=WAYS_IN)
def attacked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Attacked]:
    attacked = Attacked(request.param, tmp_path_factory.mktemp("attacked"))
    yield attacked
    attacked.close()


def test_no_request_breaks_a_route_on_any_way_in(attacked: Attacked) -> None:
    @given(st.sampled_from(declared_paths()).flatmap(requests))
    def check(sent: Sent) -> None:
        answer = attacked.send(sent)

        assert answer.status < 500 or code_of(answer) != "internal_error"
        if answer.status >= 400:
            assert CARD_NUMBER.encode() not in answer.body
            assert not [*find_keys(answer.body, where="answer")]

    with captured_log() as log:
        check()

    told = log.getvalue().encode()
    assert b"rest.answered" in told
    assert not [*find_keys(told, where="log"), *find_card_data(told, where="log")]
