"""The composition root: the process around the parts, and one TaskGroup for all."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import uvloop

from agent.accounts.accounts import Accounts
from agent.accounts.opening import OpenJournal, Shared, begin, opened
from agent.clock import Clock, SystemClock
from agent.ids import Random
from agent.journal.journal import Journal
from agent.listening import address, listen, listen_securely
from agent.log import configure_logging, get_logger
from agent.rest.server import create_app
from agent.rest.serving import StopSignals, serve_http
from agent.settings import Settings
from agent.stripe_api.connections import Connections
from agent.systemd import Systemd, tell_of_progress
from agent.tls import Secured

log = get_logger(__name__)

DRAIN_S = 10.0
"""How long stopping waits for a confirm under way; recovery does the rest."""


def run(settings: Settings, environ: Mapping[str, str]) -> None:
    """Run the agent until SIGTERM or SIGINT. Raises AgentError where it cannot start."""
    configure_logging(settings.log)
    uvloop.run(serve(settings, environ))


async def serve(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    random: Random = secrets.token_bytes,
    open_journal: OpenJournal | None = None,
) -> None:
    """The whole agent; returns when it was told to stop and has stopped cleanly.

    Raises SettingsInvalid or JournalError where it cannot start. A further account that
    cannot is told of, and the others work.
    """
    clock = clock or SystemClock()
    signals = StopSignals()
    systemd = Systemd.from_environ(environ, pid=os.getpid())
    async with AsyncExitStack() as stack:
        stack.enter_context(signals.caught())
        reloads = stack.enter_context(reload_signals())
        handed = systemd.listening()
        sockets = listen(settings.rest, handed.plain, stack)
        secured = listen_securely(settings.rest, handed.tls, stack)
        shared = Shared(
            environ,
            clock,
            random,
            await stack.enter_async_context(Connections()),
            open_journal or partial(Journal.open, clock=clock),
        )
        parts = await stack.enter_async_context(opened(settings, shared))
        try:
            async with asyncio.TaskGroup() as tasks:
                accounts = Accounts(
                    parts, begin(parts, tasks=tasks), shared=shared, tasks=tasks
                )
                reached = Reached(sockets, signals, systemd, reloads, secured)
                await _work(accounts, reached, settings, clock=clock, tasks=tasks)
                raise _Stopped
        except* _Stopped:
            log.info("agent.stopped")


@contextmanager
def reload_signals() -> Iterator[asyncio.Event]:
    """Within the context each SIGHUP sets the event. In the main thread only."""
    wanted, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, wanted.set)
    try:
        yield wanted
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Reached:
    """By what the world reaches the agent, and who is told how it fares."""

    sockets: list[socket.socket]
    signals: StopSignals
    systemd: Systemd
    reloads: asyncio.Event
    secured: Secured | None = None

    @property
    def urls(self) -> list[str]:
        """Every way in, the one for this machine first."""
        secured = self.secured.sockets if self.secured is not None else []
        return [
            *(address(each, scheme="http") for each in self.sockets),
            *(address(each, scheme="https") for each in secured),
        ]


async def _work(
    accounts: Accounts,
    reached: Reached,
    settings: Settings,
    *,
    clock: Clock,
    tasks: asyncio.TaskGroup,
) -> None:
    """Readers, payments and the API, until a signal; what is under way then ends."""
    watched = tell_of_progress(reached.systemd, accounts.pulse, clock=clock)
    tasks.create_task(watched, name="watchdog")
    await accounts.begin()
    if settings.rest.tls_cert_file is not None:
        # Loaded on use: most agents have no way in over TLS.
        from agent.own_authority import keep_renewing

        renewing = keep_renewing(settings.rest.tls_cert_file, clock=clock)
        tasks.create_task(renewing, name="certificate")
    urls = reached.urls
    log.info("agent.ready", url=urls[0], urls=urls)
    app = create_app(accounts.own, accounts)
    status = f"Answering on {', '.join(urls)}"
    reached.systemd.ready(status)
    reloading = _reload(accounts, reached, clock=clock, status=status)
    tasks.create_task(reloading, name="reload")
    await serve_http(
        app,
        sockets=reached.sockets,
        signals=reached.signals,
        on_stop=reached.systemd.stopping,
        request_timeout_s=settings.rest.request_timeout_s,
        max_connections=settings.rest.max_connections,
        secured=reached.secured,
    )
    await accounts.drain(timeout_s=DRAIN_S)


async def _reload(
    accounts: Accounts, reached: Reached, *, clock: Clock, status: str
) -> None:
    """Do as the files say, each time somebody says that they have changed."""
    while True:
        await reached.reloads.wait()
        reached.reloads.clear()
        reached.systemd.reloading(at_s=clock.monotonic())
        await accounts.reload()
        reached.systemd.ready(status)


class _Stopped(Exception):
    """Ends the TaskGroup: everything in it is cancelled."""
