"""How much, how often and how slowly a caller may ask."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from agent_clock import StillClock
from hypothesis import given
from hypothesis import strategies as st
from rest_fakes import Agent, running_agent

from agent.errors import RateLimited
from agent.events import CardEvent
from agent.ids import PaymentId, ReaderId
from agent.rest.auth import KeyScope
from agent.rest.buckets import MOST_CALLERS, Buckets
from agent.rest.serving import StopSignals, serve_http
from agent.settings import RestSettings

READERS = "/v1/terminal/readers"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    rest = RestSettings(requests_per_s=2.0, request_burst=3)
    async with running_agent(tmp_path, rest=rest) as running:
        yield running


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    agent: Agent,
) -> None:
    statuses = [(await agent.client.get(READERS)).status for _ in range(3)]
    refused = await agent.client.get(READERS)
    agent.clock.advance(0.5)
    later = await agent.client.get(READERS)

    assert statuses == [200, 200, 200]
    assert (refused.status, refused.error["code"]) == (429, "rate_limit")
    assert refused.headers["retry-after"] == "1"
    assert later.status == 200


async def test_one_key_does_not_use_up_anothers_permits(agent: Agent) -> None:
    other = await agent.client_with(KeyScope.READERS)
    for _ in range(4):
        await agent.client.get(READERS)

    assert (await other.get(READERS)).status == 200


async def test_health_is_never_refused(agent: Agent) -> None:
    for _ in range(10):
        assert (await agent.client.get("/agent/health/live")).status == 200


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=60),
    st.floats(0.5, 20),
    st.integers(1, 10),
)
def test_nobody_gets_more_than_the_burst_and_the_rate(
    pauses: list[float], per_s: float, burst: int
) -> None:
    clock, taken = StillClock(), 0
    buckets = Buckets(per_s=per_s, burst=burst, clock=clock)
    for pause_s in pauses:
        clock.advance(pause_s)
        with suppress(RateLimited):
            buckets.take("key")
            taken += 1

    assert taken <= burst + per_s * sum(pauses[1:]) + 1e-6


def test_callers_without_number_are_forgotten() -> None:
    buckets = Buckets(per_s=1.0, burst=1, clock=StillClock())
    buckets.take("first")
    with pytest.raises(RateLimited):
        buckets.take("first")

    for number in range(MOST_CALLERS):
        buckets.take(f"key {number}")

    buckets.take("first")


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    signals = StopSignals()
    with signals.caught():
        yield signals


@asynccontextmanager
async def served(
    agent: Agent,
    signals: StopSignals,
    *,
    request_timeout_s: float = 60.0,
    max_connections: int | None = None,
) -> AsyncIterator[int]:
    """The port of the agent's API, as the daemon serves it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.ensure_future(
            serve_http(
                agent.app,
                sockets=[listening],
                signals=signals,
                request_timeout_s=request_timeout_s,
                max_connections=max_connections,
            )
        )
        yield listening.getsockname()[1]
        os.kill(os.getpid(), signal.SIGTERM)
        await serving


@pytest.mark.parametrize("sent", [b"", b"GET /agent/health/live HT"])
async def test_a_caller_that_does_not_send_its_head_is_hung_up_on(
    agent: Agent, signals: StopSignals, sent: bytes
) -> None:
    async with served(agent, signals, request_timeout_s=0.01) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        received = await reader.read()
        writer.close()

    assert received == b""


async def test_a_caller_that_does_not_send_its_body_is_told_and_hung_up_on(
    tmp_path: Path, signals: StopSignals
) -> None:
    slow = RestSettings(request_timeout_s=0.01)
    async with (
        running_agent(tmp_path, rest=slow) as agent,
        served(agent, signals) as at,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", at)
        writer.write(
            f"POST {READERS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            f"Authorization: Bearer {agent.key}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nlabel".encode()
        )
        received = await reader.read()
        writer.close()

    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in received


async def test_callers_beyond_the_limit_are_told_to_come_back(
    agent: Agent, signals: StopSignals
) -> None:
    async with served(agent, signals, max_connections=2) as port:
        holding = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /agent/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status = await reader.readline()
        for _, each in [*holding, (reader, writer)]:
            each.close()

    assert status == b"HTTP/1.1 503 Service Unavailable\r\n"


HEALTH = b"GET /agent/health/live HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(HEALTH + b"X: " + b"a" * 70_000, id="a line without end"),
        pytest.param(HEALTH + b"X: a\r\n" * 20_000, id="lines without end"),
        pytest.param(HEALTH + b"X: " + b"a" * 70_000 + b"\r\n\r\n", id="a large head"),
        pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", id="a large URL"),
    ],
)
async def test_a_head_of_any_size_is_not_kept(
    agent: Agent, signals: StopSignals, sent: bytes
) -> None:
    async with served(agent, signals) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        status = await reader.readline()
        writer.close()

    assert status == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"


async def test_trailers_of_any_size_are_not_kept(
    agent: Agent, signals: StopSignals
) -> None:
    async with served(agent, signals) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEALTH + b"Transfer-Encoding: chunked\r\n\r\n")
        answered = await reader.readline()
        writer.write(b"0\r\n" + b"X: a\r\n" * 20_000)
        received = await reader.read()
        writer.close()

    assert answered == b"HTTP/1.1 200 OK\r\n"
    assert b"HTTP/1.1 431 " in received


async def test_many_cookies_and_large_bodies_are_no_large_head(
    agent: Agent, signals: StopSignals
) -> None:
    with_body = b"Cookie: " + b"a" * 60_000 + b"\r\nContent-Length: 200000\r\n\r\n"
    async with served(agent, signals) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(HEALTH + with_body + b"a" * 200_000)
        writer.write(HEALTH + b"Connection: close\r\n\r\n")
        received = await reader.read()
        writer.close()

    assert received.count(b"HTTP/1.1 200 OK\r\n") == 3


async def test_a_stream_ends_with_its_key(agent: Agent, signals: StopSignals) -> None:
    async with served(agent, signals) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /agent/events HTTP/1.1\r\nHost: localhost\r\n")
        writer.write(f"Authorization: Bearer {agent.key}\r\n\r\n".encode())
        await reader.readuntil(b": listening")

        (key,) = agent.journal.keys.all()
        await agent.journal.keys.revoke(key.key_id, agent.clock.now())
        agent.clock.advance(1.0)
        agent.events.publish(
            CardEvent(ReaderId("tmr_1"), PaymentId("pay_1"), "removed", None)
        )
        heard = await reader.read()
        writer.close()

    assert b"card_event" not in heard
