"""The HTTP server: answers until a signal, then lets its callers go in order."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from agent.rest.one_segment import OneSegmentProtocol

LONGEST_FAREWELL_S = 5
"""How long stopping waits for answers under way, such as those with Prefer: wait."""


async def serve_http(app: ASGIApp, *, sockets: list[socket.socket]) -> None:
    """Answer on `sockets` until SIGTERM or SIGINT; returns when all callers are gone.

    Signals have their usual effect again from then on.
    """
    config = uvicorn.Config(
        app,
        loop="none",
        http=OneSegmentProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=LONGEST_FAREWELL_S,
    )
    await _Server(config).serve(sockets=sockets)


class _Server(uvicorn.Server):
    """uvicorn's server, which survives its own end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Keep uvicorn from raising the signal again once it has stopped serving.

        That would kill the process before payments under way and the journal had
        come to their end.
        """
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()
