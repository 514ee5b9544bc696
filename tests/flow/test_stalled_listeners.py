"""A listener that does not read: hung up on, while the others hear everything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from rest_fakes import Agent, running_agent
from uvicorn.server import ServerState

from agent.events import DisplayRequested
from agent.ids import PaymentId, ReaderId
from agent.rest.one_segment import STALLED_S, OneSegmentProtocol

LONG = DisplayRequested(ReaderId("tmr_1"), PaymentId("pay_1"), "x" * 100_000)


@asynccontextmanager
async def served(agent: Agent) -> AsyncIterator[tuple[int, ServerState]]:
    """The agent's API on a port, and its connections."""
    config = uvicorn.Config(agent.app, log_config=None, lifespan="off")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: OneSegmentProtocol(config=config, server_state=state, app_state={}),
        "127.0.0.1",
        0,
    )
    try:
        yield server.sockets[0].getsockname()[1], state
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


async def listening(port: int, agent: Agent) -> socket.socket:
    """A caller who has heard that it is listening, and reads no more."""
    loop = asyncio.get_running_loop()
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    caller.setblocking(False)
    await loop.sock_connect(caller, ("127.0.0.1", port))
    request = (
        "GET /agent/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {agent.key}\r\n\r\n"
    )
    await loop.sock_sendall(caller, request.encode())
    received = b""
    while b": listening" not in received:
        received += await loop.sock_recv(caller, 1024)
    return caller


async def test_who_takes_nothing_is_hung_up_on(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as agent, served(agent) as (port, state):
        caller = await listening(port, agent)
        for _ in range(100):
            agent.events.publish(LONG)
        await asyncio.sleep(STALLED_S / 2)
        before = len(state.connections)

        await asyncio.sleep(STALLED_S)

        after = len(state.connections)
        caller.close()
    assert (before, after) == (1, 0)


async def test_who_reads_again_in_time_hears_the_rest(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with running_agent(tmp_path) as agent, served(agent) as (port, state):
        caller = await listening(port, agent)
        for _ in range(100):
            agent.events.publish(LONG)
        await asyncio.sleep(STALLED_S / 2)

        received = 0
        while received < 100 * len(LONG.message):
            received += len(await loop.sock_recv(caller, 1_000_000))
        await asyncio.sleep(2 * STALLED_S)

        after = len(state.connections)
        caller.close()
    assert after == 1
