"""The composition root: the process around the parts, and one TaskGroup for all."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from agent.assembly import Parts, assemble
from agent.clock import Clock, SystemClock
from agent.ids import Random
from agent.journal.erasing import keep_erasing
from agent.journal.journal import Journal
from agent.listening import address, listen, listen_securely
from agent.log import configure_logging, get_logger
from agent.metrics.measurements import Measurements
from agent.rest.server import create_app
from agent.rest.serving import StopSignals, serve_http
from agent.settings import (
    Settings,
    StripeKey,
    StripeSettings,
    read_fleet_password,
    read_offline_key,
    read_stripe_key,
)
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from agent.systemd import Systemd, tell_of_progress
from agent.tls import Secured

log = get_logger(__name__)

JOURNAL_FILE = "journal.db"
DRAIN_S = 10.0
"""How long stopping waits for a confirm under way; recovery does the rest."""

OpenJournal = Callable[[Path], Awaitable[Journal]]


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

    Raises SettingsInvalid or JournalError where it cannot start.
    """
    clock = clock or SystemClock()
    signals = StopSignals()
    systemd = Systemd.from_environ(environ, pid=os.getpid())
    key = _stripe_key(settings, environ)
    async with AsyncExitStack() as stack:
        stack.enter_context(signals.caught())
        handed = systemd.listening()
        sockets = listen(settings.rest, handed.plain, stack)
        secured = listen_securely(settings.rest, handed.tls, stack)
        path = settings.state_dir / JOURNAL_FILE
        opening = (
            open_journal(path) if open_journal else Journal.open(path, clock=clock)
        )
        journal = await opening
        stack.push_async_callback(journal.aclose)
        measurements = Measurements()
        http = await stack.enter_async_context(Connections())
        stripe = _stripe_client(http, settings.stripe, key, measurements)
        livemode = key is not None and key.livemode
        offline_key = read_offline_key(settings, environ)
        known = (settings, journal, stripe, clock, random, livemode, measurements)
        password = read_fleet_password(settings, environ)
        parts = Parts(*known, offline_key=offline_key, fleet_password=password)
        try:
            async with asyncio.TaskGroup() as tasks:
                reached = Reached(sockets, signals, systemd, secured)
                await _work(parts, reached, tasks=tasks)
                raise _Stopped
        except* _Stopped:
            log.info("agent.stopped")


def _stripe_client(
    http: Connections,
    settings: StripeSettings,
    key: StripeKey | None,
    measurements: Measurements,
) -> StripeClient:
    return StripeClient(
        http,
        api_base=settings.api_base,
        key=key,
        api_version=settings.api_version,
        timeout_s=settings.timeout_s,
        max_retries=settings.max_retries,
        measure=measurements.asked_stripe,
    )


def _stripe_key(settings: Settings, environ: Mapping[str, str]) -> StripeKey | None:
    key = read_stripe_key(settings, environ)
    if key is not None and not key.is_restricted:
        log.warning(
            "stripe_key.unrestricted", remedy="use a restricted key (rk_…) instead"
        )
    return key


@dataclass(frozen=True, slots=True)
class Reached:
    """By what the world reaches the agent, and who is told how it fares."""

    sockets: list[socket.socket]
    signals: StopSignals
    systemd: Systemd
    secured: Secured | None = None

    @property
    def urls(self) -> list[str]:
        """Every way in, the one for this machine first."""
        secured = self.secured.sockets if self.secured is not None else []
        return [
            *(address(each, scheme="http") for each in self.sockets),
            *(address(each, scheme="https") for each in secured),
        ]


async def _work(parts: Parts, reached: Reached, *, tasks: asyncio.TaskGroup) -> None:
    """Readers, payments and the API, until a signal; what is under way then ends."""
    assembled = assemble(parts, tasks=tasks)
    watched = tell_of_progress(reached.systemd, parts.journal.pulse, clock=parts.clock)
    tasks.create_task(watched, name="watchdog")
    erasing = keep_erasing(parts.journal, clock=parts.clock)
    tasks.create_task(erasing, name="erasing")
    rest = parts.settings.rest
    if rest.tls_cert_file is not None:
        # Loaded on use: most agents have no way in over TLS.
        from agent.own_authority import keep_renewing

        renewing = keep_renewing(rest.tls_cert_file, clock=parts.clock)
        tasks.create_task(renewing, name="certificate")
    urls = reached.urls
    log.info("agent.ready", url=urls[0], urls=urls)
    app = create_app(assembled.services)
    reached.systemd.ready(f"Answering on {', '.join(urls)}")
    await serve_http(
        app,
        sockets=reached.sockets,
        signals=reached.signals,
        on_stop=reached.systemd.stopping,
        request_timeout_s=rest.request_timeout_s,
        max_connections=rest.max_connections,
        secured=reached.secured,
    )
    await assembled.actions.drain(timeout_s=DRAIN_S)


class _Stopped(Exception):
    """Ends the TaskGroup: everything in it is cancelled."""
