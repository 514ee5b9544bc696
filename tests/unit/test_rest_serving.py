"""The server stops when told to, hangs up on listeners, and leaves the agent alive."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_fakes import Agent, running_agent

from agent.journal.entries import Outcome
from agent.rest.serving import StopSignals, serve_http


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    """Until the test's end, no signal ends the tests."""
    signals = StopSignals()
    with signals.caught():
        yield signals


async def ask(
    port: int, agent: Agent, head: str, *, body: str = ""
) -> tuple[StreamReader, StreamWriter]:
    """Send one request; the answer is to be read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"{head}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {agent.key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return reader, writer


async def test_a_signal_ends_the_serving_and_not_the_process(
    signals: StopSignals, tmp_path: Path
) -> None:
    async with running_agent(tmp_path) as agent:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        serving = asyncio.ensure_future(
            serve_http(agent.app, sockets=[listening], signals=signals)
        )
        reader, writer = await ask(port, agent, "GET /agent/events HTTP/1.1")
        await reader.readuntil(b"\n\n")

        os.kill(os.getpid(), signal.SIGTERM)
        rest = await reader.read()
        await serving

        assert rest.strip() == b""
        writer.close()


async def test_an_answer_under_way_is_finished_first(
    signals: StopSignals, tmp_path: Path
) -> None:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        serving = asyncio.ensure_future(
            serve_http(agent.app, sockets=[listening], signals=signals)
        )
        reader, writer = await ask(
            port,
            agent,
            "POST /v1/terminal/readers/tmr_1/process_payment_intent HTTP/1.1\r\n"
            "Prefer: wait=60",
            body="payment_intent=pi_1",
        )
        await agent.actions.waiting.acquire()

        os.kill(os.getpid(), signal.SIGTERM)
        agent.actions.end("tmr_1", Outcome.SUCCEEDED)
        answer = await reader.read()
        await serving

        assert b'"status": "succeeded"' in answer
        writer.close()


async def test_a_signal_that_comes_before_the_serving_is_not_forgotten(
    signals: StopSignals, tmp_path: Path
) -> None:
    async with running_agent(tmp_path) as agent:
        listening = socket.create_server(("127.0.0.1", 0))
        os.kill(os.getpid(), signal.SIGTERM)

        await serve_http(agent.app, sockets=[listening], signals=signals)

        assert listening.fileno() == -1
