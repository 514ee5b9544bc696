"""Stripe on a loopback port, and a network to it that can be cut and mended."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from uvicorn.server import ServerState

from simulator.app import Simulator
from simulator.stripe_api.engine.wire import ResettableHttp


class Network:
    """The way to the simulated Stripe, without the server's own timers."""

    def __init__(self, simulator: Simulator) -> None:
        self._config = uvicorn.Config(
            simulator.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=86_400,
        )
        self._config.load()
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """From now on Stripe can be reached."""
        if self._server is not None:
            return
        listener = socket.create_server(("127.0.0.1", self._port))
        # An answer that waits for an ACK would look like silence to a loop that skips.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port = listener.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(
            lambda: ResettableHttp(
                config=self._config, server_state=self._state, app_state={}
            ),
            sock=listener,
        )

    async def cut(self) -> None:
        """From now on there is no connection to Stripe; those that were are closed."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._state.connections):
            connection.shutdown()
        # The loop takes leave of the sockets in its next turn.
        await asyncio.sleep(0)


@asynccontextmanager
async def network_to(simulator: Simulator) -> AsyncIterator[Network]:
    """A network that works until it is cut."""
    network = Network(simulator)
    await network.mend()
    try:
        yield network
    finally:
        await network.cut()
