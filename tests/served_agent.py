"""The REST API over fakes on a real port, for clients that block."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

import uvicorn
from rest_fakes import Agent, running_agent

T = TypeVar("T")


@dataclass
class ServedAgent:
    """An agent in a thread of its own; use it through `do`."""

    url: str
    key: str
    agent: Agent
    loop: asyncio.AbstractEventLoop

    def do(self, action: Callable[[Agent], T]) -> T:
        """What `action` gives, carried out on the agent's own thread."""

        async def done() -> T:
            return action(self.agent)

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(timeout=10)


@contextmanager
def served_agent(folder: Path) -> Iterator[ServedAgent]:
    """An agent that answers on a free port until the context is left."""
    started, stop = Event(), asyncio.Event()
    served: list[ServedAgent] = []

    async def serve() -> None:
        async with running_agent(folder) as agent:
            listening = socket.create_server(("127.0.0.1", 0))
            config = uvicorn.Config(
                agent.app, lifespan="off", log_config=None, access_log=False
            )
            server = uvicorn.Server(config)
            serving = asyncio.ensure_future(server.serve(sockets=[listening]))
            port = listening.getsockname()[1]
            loop = asyncio.get_running_loop()
            url = f"http://127.0.0.1:{port}"
            served.append(ServedAgent(url, agent.key, agent, loop))
            started.set()
            await stop.wait()
            server.should_exit = True
            server.force_exit = True
            await serving

    thread = Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(timeout=10)
    try:
        yield served[0]
    finally:
        served[0].loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=10)
