"""The HTTP server: answers until a signal, then lets its callers go in order."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from agent.rest.one_segment import OneSegmentProtocol

LONGEST_FAREWELL_S = 5
"""How long stopping waits for answers under way, such as those with Prefer: wait."""


class StopSignals:
    """SIGTERM and SIGINT, kept until there is someone who stops in order."""

    def __init__(self) -> None:
        self._kept: list[int] = []
        self._heard: Callable[[int], None] = self._kept.append

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within the context they end nothing by themselves. In the main thread only."""
        before = {
            number: signal.signal(number, self._caught)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def tell(self, heard: Callable[[int], None]) -> None:
        """Call `heard` with the number of every signal, those that came before too."""
        self._heard = heard
        for number in self._kept:
            heard(number)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self._heard(number)


async def serve_http(
    app: ASGIApp,
    *,
    sockets: list[socket.socket],
    signals: StopSignals,
    on_stop: Callable[[], None] = lambda: None,
    request_timeout_s: float = OneSegmentProtocol.head_timeout_s,
    max_connections: int | None = None,
) -> None:
    """Answer on `sockets` until SIGTERM or SIGINT; returns when all callers are gone.

    A request's head has `request_timeout_s` to arrive; beyond `max_connections` callers
    are answered 503. `on_stop` is called at each signal. A second SIGINT waits for nobody.
    """

    class Protocol(OneSegmentProtocol):
        head_timeout_s = request_timeout_s

    config = uvicorn.Config(
        app,
        loop="none",
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=max_connections,
        timeout_graceful_shutdown=LONGEST_FAREWELL_S,
    )
    server = _Server(config)

    def stop(number: int) -> None:
        on_stop()
        server.handle_exit(number, None)

    signals.tell(stop)
    await server.serve(sockets=sockets)


class _Server(uvicorn.Server):
    """uvicorn's server, which survives its own end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to StopSignals.

        uvicorn's own way would miss those that come before it serves, and raise them
        again afterwards: that would kill the process before payments under way and the
        journal had come to their end.
        """
        yield
