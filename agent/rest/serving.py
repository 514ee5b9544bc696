"""The HTTP server: answers until a signal, then lets its callers go in order."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from agent.rest.one_segment import OneSegmentProtocol
from agent.tls import Secured

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
    secured: Secured | None = None,
) -> None:
    """Answer on `sockets` until SIGTERM or SIGINT; returns when all callers are gone.

    A request's head has `request_timeout_s` to arrive; beyond `max_connections` callers
    are answered 503, on `secured` and on the others each. A handshake may take as long
    as a head. `on_stop` is called at each signal. A second SIGINT waits for nobody.
    """

    class Protocol(OneSegmentProtocol):
        head_timeout_s = request_timeout_s

    config = _config(app, Protocol, max_connections=max_connections)
    answering = [(_Server(config), sockets)]
    if secured is not None:
        over_tls = _SecuredServer(
            config, context=secured.context, handshake_timeout_s=request_timeout_s
        )
        answering.append((over_tls, secured.sockets))

    def stop(number: int) -> None:
        on_stop()
        for server, _ in answering:
            server.handle_exit(number, None)

    signals.tell(stop)
    async with asyncio.TaskGroup() as serving:
        for server, reached in answering:
            serving.create_task(server.serve(sockets=reached))


def _config(
    app: ASGIApp, protocol: type[OneSegmentProtocol], *, max_connections: int | None
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=max_connections,
        timeout_graceful_shutdown=LONGEST_FAREWELL_S,
    )


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


class _SecuredServer(_Server):
    """The same over TLS."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        context: ssl.SSLContext,
        handshake_timeout_s: float,
    ) -> None:
        super().__init__(config)
        self._context = context
        self._handshake_timeout_s = handshake_timeout_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own, which leaves a minute to callers who never shake hands."""
        loop, config = asyncio.get_running_loop(), self.config

        def protocol() -> asyncio.Protocol:
            # Whatever class it may be, it takes what uvicorn gives to its own.
            answering: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state={}
            )
            return answering

        self.servers = [
            await loop.create_server(
                protocol,
                sock=each,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_timeout_s,
                backlog=config.backlog,
            )
            for each in sockets or ()
        ]
        self.started = True
